"""The real series, end to end: over sockets into the collector, through the store, and out of the public API."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.cycle.collect import Collector
from jobs.cycle.crawl import crawl
from jobs.prpc.address import parse_seed
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from jobs.simulate.replay import Replay, read_reels
from jobs.simulate.server import Simulation
from schema.domain.cycle.advance import CycleOptions
from schema.domain.node.observation import SeedReply
from server.app import assemble
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.storage.connect import Mongo
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.reads import MongoReads
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.asgi import call
from tests.factories import AT
from tests.fake_stores import FakeAnnouncer
from tests.fakes import FakeUpdates

SERIES = Path(__file__).parents[3] / "shared" / "data" / "captures" / "series-20251226"
INTERVAL = 1_200  # the lists are about twenty minutes apart
OPTIONS = CycleOptions(interval=INTERVAL, grace_seconds=180)
NODES = """{ pnodes(first: 500) { totalCount nodes {
  id pubkey address status storageCommitted sightings { address status } } } }"""
STORAGE = "{ snapshot { slot totals { storageCommitted online total } } }"

pytestmark = [
    pytest.mark.captures,
    pytest.mark.stack,
    pytest.mark.skipif(not SERIES.is_dir(), reason="the recordings do not lie beside this checkout"),
]


class Line:
    """The whole pipeline, with a clock that jumps from list to list."""

    def __init__(self, mongo: Mongo, simulation: Simulation) -> None:
        self.now = float(AT)
        self._simulation = simulation
        store = MongoSnapshotStore(mongo, clock=lambda: self.now)
        self._collector = Collector(
            store, FakeAnnouncer(), self._crawl, OPTIONS, holder="test", lease_seconds=60, clock=lambda: self.now
        )
        history = HistoryReads(mongo)
        self.reads = MongoReads(mongo, history, EventReads(mongo, history.earliest), clock=lambda: self.now)
        settings = Settings(cache_ttl=INTERVAL)
        self.app = assemble(settings, self.reads, FakeUpdates(), Lifecycle(), clock=lambda: self.now)

    async def _crawl(self) -> tuple[SeedReply, ...]:
        dialler = Dialler(dial_map=self._simulation.dial_map)
        async with PrpcClient(dialler, Limits.for_interval(60)) as client:
            return await crawl(client, tuple(map(parse_seed, self._simulation.seeds)), clock=lambda: self.now)

    async def step(self) -> str:
        outcome = (await self._collector.collect(int(self.now))).outcome
        await self.reads.refresh()
        return outcome

    async def ask(self, query: str) -> Any:
        answer = (await call(self.app, "POST", "/graphql", json={"query": query})).json
        assert "errors" not in answer
        return answer["data"]


def recorded() -> list[list[dict[str, Any]]]:
    """The lists in the order of their times, read without our own code."""
    files = [json.loads(path.read_text()) for path in SERIES.glob("*.json")]
    return [f["nodes"] for f in sorted(files, key=lambda f: datetime.fromisoformat(f["updatedAt"]))]


@pytest.mark.whole
async def test_live_and_ghost_nodes_agree_with_a_classification_by_uptime_made_apart(store_db: Mongo) -> None:
    lists = recorded()
    source = Replay(read_reels(SERIES), interval=INTERVAL, first_slot=AT)
    line: Line | None = None
    uptimes: dict[str, list[int]] = defaultdict(list)
    compared = agreed = 0
    async with Simulation(source, now=lambda: line.now if line else float(AT)) as simulation:
        line = Line(store_db, simulation)
        for nodes in lists:
            assert await line.step() == "committed"
            for node in nodes:
                uptimes[node["address"]].append(node["uptime"])
            answer = (await line.ask(NODES))["pnodes"]
            published = {s["address"]: s["status"] for n in answer["nodes"] for s in n["sightings"]}
            for node in nodes:
                seen = uptimes[node["address"]]
                if len(seen) > 1 and node["uptime"] is not None:
                    compared += 1
                    agreed += (seen[-1] != seen[-2]) == (published[node["address"]] == "ONLINE")
            keys = [n["pubkey"] for n in answer["nodes"] if n["pubkey"] is not None]
            assert len(keys) == len(set(keys))
            assert {node["pubkey"] for node in nodes} - {None, "TestPubkey14"} <= set(keys)
            totals = (await line.ask(STORAGE))["snapshot"]["totals"]
            online = [n for n in answer["nodes"] if n["status"] == "ONLINE"]
            assert totals["storageCommitted"] == sum(n["storageCommitted"] or 0 for n in online)
            assert (totals["online"], totals["total"]) == (len(online), answer["totalCount"])
            line.now += INTERVAL
    assert compared > 5_000
    assert agreed / compared >= 0.99
    once = sum(len(seen) == 1 for seen in uptimes.values())
    print(f"{agreed} of {compared} sightings agree; {len(uptimes)} addresses, {once} of them seen once")  # noqa: T201 — a figure
