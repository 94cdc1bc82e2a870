"""The cost of a past: building it by import, its disk space, its growth slot by slot, and its queries.

`python -m tests.benchmarks.history [--nodes N] [--days D …] [--live N]` builds one store for each number of days (the
others are compared with the first), sends the same queries to each, continues the live path in the one of 30 days, and
prints JSON. A past of more than 30 days has a slot every ten minutes, and the same hours. With the defaults it takes
about twenty minutes.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import bson
from pymongo.monitoring import CommandListener, CommandStartedEvent

from jobs.past import retention, rollup
from jobs.past.backfill import PastWriter
from jobs.past.retention import Retention
from schema.domain.base import DAY, HOUR, MINUTE
from schema.domain.history.points import Resolution
from schema.writes import Commit
from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument
from server.storage.events.log import EventLog
from server.storage.history.reads import HistoryReads
from server.storage.snapshots.past import SnapshotCache
from server.storage.snapshots.reads import SnapshotReads
from server.storage.snapshots.writes import MongoSnapshotStore
from server.storage.upkeep import MongoUpkeep
from tests.benchmarks.history_world import World
from tests.embedded import EmbeddedStores

T = TypeVar("T")

END = 1_800_000_000 // DAY * DAY
KEEP = Retention()
QUESTIONS, ROUNDS = 200, 5
EVERY_MINUTE_DAYS = 30
DATABASE = "history"
# The engine keeps the documents of all collections in a few files. Its log and journal do not count.
OURS = ("secantus_documents", "secantus_index", "secantus_natural", "secantus_unique")


class Traffic(CommandListener):
    """Counts the commands of a client, and their bytes."""

    def __init__(self) -> None:
        self.commands = self.bytes = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.commands += 1
        self.bytes += len(bson.encode(event.command))

    def succeeded(self, event: object) -> None:
        """Counted when it started."""

    def failed(self, event: object) -> None:
        """Counted when it started."""

    def take(self) -> tuple[int, int]:
        taken = (self.commands, self.bytes)
        self.commands = self.bytes = 0
        return taken


async def build(mongo: Mongo, world: World, days: int) -> dict[str, Any]:
    """Write a past of this number of days, and commit its newest slot like a worker."""
    began = time.monotonic()
    upkeep = MongoUpkeep(mongo, clock=lambda: END)
    writer = PastWriter(upkeep, KEEP, END)
    for step in world.past(END - days * DAY, END, KEEP):
        await writer.add(step.snapshot, step.events)
    await writer.close()
    await commit(mongo, world, END)
    await rollup.run(upkeep)
    return {"slots": days * DAY // world.interval, "seconds": round(time.monotonic() - began, 1)}


async def commit(mongo: Mongo, world: World, slot: int) -> None:
    store = MongoSnapshotStore(mongo, [EventLog(mongo)], clock=lambda: slot)
    lease = await store.acquire("bench", slot, DAY)
    assert lease is not None
    cycle = world.cycle(slot).cycle
    assert cycle is not None
    await store.commit(lease, Commit(snapshot=cycle.snapshot, memory=cycle.memory, events=(), registry=cycle.registry))


async def live(mongo: Mongo, traffic: Traffic, world: World, slots: int) -> dict[str, Any]:
    """Consecutive slots through the live path, with roll-up and retention."""
    store = MongoSnapshotStore(mongo, [EventLog(mongo)], clock=time.time)
    upkeep = MongoUpkeep(mongo, clock=lambda: END + DAY)
    figures: list[tuple[float, int, int]] = []
    upkeep_figures: list[float] = []
    for slot in range(END + world.interval, END + world.interval * (slots + 1), world.interval):
        step = world.cycle(slot)
        assert step.cycle is not None
        lease = await store.acquire("bench", slot, DAY)
        assert lease is not None
        traffic.take()
        began = time.monotonic()
        commit = Commit(
            snapshot=step.snapshot, memory=step.cycle.memory, events=step.events, registry=step.cycle.registry
        )
        await store.commit(lease, commit)
        figures.append((time.monotonic() - began, *traffic.take()))
        if slot % HOUR == 0:
            began = time.monotonic()
            await rollup.run(upkeep, budget_seconds=300)
            await retention.run(upkeep, slot, KEEP, budget_seconds=300)
            upkeep_figures.append(time.monotonic() - began)
    first, last = figures[:100], figures[-100:]
    named = ("seconds", "round_trips", "bytes")
    medians = {
        name: [statistics.median(row[i] for row in part) for part in (first, last)] for i, name in enumerate(named)
    }
    return {
        "slots": slots,
        "medians_of_the_first_and_last_100": medians,
        "ratios": {name: round(b / a, 3) for name, (a, b) in medians.items()},
        "rollup_and_retention_of_an_hour_seconds": round(statistics.median(upkeep_figures), 2),
    }


async def sizes(mongo: Mongo, folder: Path) -> dict[str, Any]:
    """Bytes by collection, as the engine counts them, and bytes of its files."""
    collections: dict[str, Any] = {}
    for name in sorted(await mongo.database.list_collection_names()):
        stats = await mongo.database.command("collStats", name)
        collections[name] = {
            "documents": stats["count"],
            "data_mb": _mb(stats["size"]),
            "indexes_mb": _mb(stats["totalIndexSize"]),
        }
    by_resolution: dict[str, int] = {}
    async for document in mongo.collection(HistoryDocument).find({}):
        by_resolution[document["resolution"]] = by_resolution.get(document["resolution"], 0) + len(
            bson.encode(document)
        )
    files = {path.name: path.stat().st_size for path in (folder / "mongo").glob("*") if path.is_file()}
    ours = sum(size for name, size in files.items() if name.startswith(OURS))
    return {
        "collections": collections,
        "history_mb": {name: _mb(size) for name, size in sorted(by_resolution.items())},
        "data_and_indexes_mb": round(sum(c["data_mb"] + c["indexes_mb"] for c in collections.values()), 1),
        "files_of_data_and_indexes_mb": _mb(ours),
        "files_of_log_and_journal_mb": _mb(sum(files.values()) - ours),
    }


async def ask(mongo: Mongo, nodes: list[str], days: int) -> dict[str, Any]:
    """p50 and p95 in milliseconds. Cold: another node or slot each time. Warm: the same again."""
    rng = random.Random(1)  # noqa: S311  the same queries for each store
    now = END + 10
    chosen = [rng.choice(nodes) for _ in range(QUESTIONS)]
    times = [END - rng.randrange(min(days, 2) * DAY) for _ in range(QUESTIONS)]
    history = HistoryReads(mongo, clock=lambda: now)
    snapshots = SnapshotReads(mongo, clock=lambda: now)
    await snapshots.refresh()

    async def node(i: int) -> int:
        return len((await history.node_history([chosen[i]], now - 30 * DAY, now, Resolution.H1)).points)

    async def same_node(i: int) -> int:
        return len((await history.node_history([chosen[0]], now - 30 * DAY, now, Resolution.H1)).points)

    async def first_network(i: int) -> int:
        fresh = HistoryReads(mongo, clock=lambda: now)
        return len((await fresh.network_history(now - 90 * DAY, now, Resolution.H1)).points)

    async def network(i: int) -> int:
        return len((await history.network_history(now - 90 * DAY, now, Resolution.H1)).points)

    async def as_of(i: int) -> int:
        snapshots._past = SnapshotCache(snapshots._load)  # a running process without any history in memory
        return len((await snapshots.at(times[i])).nodes)

    async def same_as_of(i: int) -> int:
        return len((await snapshots.at(times[0])).nodes)

    cases: dict[str, Callable[[int], Awaitable[int]]] = {
        "node, 30 days at H1, cold": node,
        "node, 30 days at H1, warm": same_node,
        "network, 90 days at H1, cold": first_network,
        "network, 90 days at H1, warm": network,
        "list as of, cold": as_of,
        "list as of, warm": same_as_of,
    }
    return {name: await _timed(case) for name, case in cases.items()}


async def _timed(case: Callable[[int], Awaitable[int]]) -> dict[str, Any]:
    found = [await case(i) for i in range(3)]
    seconds: list[float] = []
    for i in range(QUESTIONS):
        began = time.perf_counter()
        await case(i)
        seconds.append(time.perf_counter() - began)
    seconds.sort()
    return {
        "items": max(found),
        "p50_ms": round(1_000 * seconds[len(seconds) // 2], 2),
        "p95_ms": round(1_000 * seconds[int(0.95 * len(seconds))], 2),
    }


def _mb(size: float) -> float:
    return round(size / 1e6, 2)


async def measure(uri: str, folder: Path, nodes: int, days: int, *, interval: int, live_slots: int) -> dict[str, Any]:
    traffic = Traffic()
    async with _opened(uri, traffic) as mongo:
        world = World(nodes, interval)
        found: dict[str, Any] = {"days": days, "nodes": nodes, "build": await build(mongo, world, days)}
        found["sizes"] = await sizes(mongo, folder)
        found["questions"] = await ask(mongo, world.ids, days)
        if live_slots:
            found["live"] = await live(mongo, traffic, world, live_slots)
            found["sizes_after_live"] = await sizes(mongo, folder)
    return found


@asynccontextmanager
async def _opened(uri: str, *listeners: CommandListener) -> AsyncGenerator[Mongo]:
    mongo = Mongo(uri, DATABASE, timeout_seconds=600, event_listeners=list(listeners))
    await mongo.prepare()
    yield mongo
    await mongo.close()


def _in_store(folder: Path, work: Callable[[str], Coroutine[Any, Any, T]]) -> T:
    """The result of `work`, which gets the address of the store in this folder."""
    stores = EmbeddedStores(folder).start()
    try:
        return asyncio.run(work(stores.mongo_uri))
    finally:
        stores.stop()


def measured(folder: Path, nodes: int, days: int, *, interval: int, live_slots: int = 0) -> dict[str, Any]:
    """All figures of a past of this number of days, with a slot every `interval` seconds."""
    return _in_store(folder, lambda uri: measure(uri, folder, nodes, days, interval=interval, live_slots=live_slots))


def ratios(base: dict[str, Any], found: dict[str, Any]) -> dict[str, float]:
    """The p95 of each query, divided by that of the same query about the other past."""
    return {
        name: round(question["p95_ms"] / base["questions"][name]["p95_ms"], 2)
        for name, question in found["questions"].items()
    }


def run(days: tuple[int, int] = (3, 30), nodes: int = 300, interval: int = 10 * MINUTE) -> dict[str, Any]:
    """The queries about a short and a long past, with few slots an hour and the same hours.

    The two alternate, and figures are medians of the rounds, so that noise of the machine affects both.
    """
    with tempfile.TemporaryDirectory() as folder:
        worlds = {each: World(nodes, interval) for each in days}

        async def built(uri: str, each: int) -> None:
            async with _opened(uri) as mongo:
                await build(mongo, worlds[each], each)

        async def asked(uri: str, each: int) -> dict[str, Any]:
            async with _opened(uri) as mongo:
                return await ask(mongo, worlds[each].ids, each)

        for each in days:
            _in_store(Path(folder) / str(each), partial(built, each=each))
        rounds = [
            [_in_store(Path(folder) / str(each), partial(asked, each=each)) for each in days] for _ in range(ROUNDS)
        ]
    short, long = ({"questions": _medians(column)} for column in zip(*rounds, strict=True))
    return {
        name: short["questions"][name] | {"long": question, "ratio": ratio}
        for (name, question), ratio in zip(long["questions"].items(), ratios(short, long).values(), strict=True)
    }


def _medians(rounds: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Each figure of each question, as the median of the rounds."""
    return {
        name: {figure: statistics.median(found[name][figure] for found in rounds) for figure in figures}
        for name, figures in rounds[0].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.history", description=__doc__, allow_abbrev=False)
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--days", type=int, nargs="+", default=[3, 30, 90])
    parser.add_argument("--live", type=int, default=1_000, help="slots through the live path, in the store of 30 days")
    parser.add_argument("--folder", type=Path, help="where the stores lie; a temporary folder, unless given")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for days in options.days:
            folder = (options.folder or Path(temporary)) / f"{days}-days"
            interval = MINUTE if days <= EVERY_MINUTE_DAYS else 10 * MINUTE
            live_slots = options.live if days == EVERY_MINUTE_DAYS or len(options.days) == 1 else 0
            results.append(measured(folder, options.nodes, days, interval=interval, live_slots=live_slots))
            print(json.dumps(results[-1], indent=1), flush=True)
    for result in results[1:]:
        found = {"days": result["days"], "p95 to that of the first store": ratios(results[0], result)}
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
