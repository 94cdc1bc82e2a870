"""Seeds that are down, slow, malformed or lying: their failures are facts about them, and affect nobody else."""

import asyncio
import json
import time
from typing import Any

import pytest

from jobs.prpc.wire import GET_PODS_WITH_STATS
from tests.faults.conftest import Note
from tests.faults.doors import Ask, Treat, dripping, honest, resetting, silent
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader
from tests.faults.rig import SLOT_SECONDS, Api, Rig, descriptors, events, memory_kb, slot_start, until

STATE = """{ collector { outcome attemptedSlot seeds { seed failure } }
  snapshot { slot stale ageSeconds totals { total online offline storageCommitted storageUsed avgUptimeSeconds seedsOk } } }"""
DEADLINE_SECONDS = 0.6 * TTL
"""How long the calls to one seed may take together."""
MARGIN_SECONDS = 1.5


async def failures(api: Api) -> dict[str, str | None]:
    """The result of each seed in the newest cycle: None, or the category of its failure."""
    state = await api.ask(STATE)
    return {seed["seed"]: seed["failure"] for seed in state["collector"]["seeds"]}


async def totals(api: Api) -> dict[str, Any]:
    return (await api.ask(STATE))["snapshot"]["totals"]


@pytest.mark.parametrize("fault", [pytest.param("refusing", marks=pytest.mark.quick), "blackhole"])
async def test_a_seed_that_is_down_is_marked_at_once_and_delays_nobody(rig: Rig, note: Note, fault: str) -> None:
    worker = rig.worker()
    api = await rig.healthy_api()
    before = await totals(api)
    name, door = rig.doors.seeds[3], rig.doors[3]
    async with Reader(api, rig.session) as reader:
        await slot_start(1.5)
        await (door.refuse() if fault == "refusing" else door.blackhole())
        first = await slot_start()
        await api.newer_than(first, DEADLINE_SECONDS + MARGIN_SECONDS)
        found = await failures(api)
        assert found.pop(name) == ("REFUSED" if fault == "refusing" else "TIMEOUT")
        assert set(found.values()) == {None}
        health = (await api.get("/health")).body
        assert (health["status"], health["checks"]["seeds"]["observed"]) == ("healthy", 8)
        await slot_start(2 * TTL)
        after = await totals(api)
        assert after["offline"] == before["offline"], "its own node and those that it listed are listed by others"
        late = [seen.at - slot for slot, seen in reader.slots.items() if slot >= first]
        await door.open()
        await until(lambda: _answers(api, name), SLOT_SECONDS, "it is asked again")
        assert reader.refused == []
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    assert max(late) < LOAD.seconds(1 + MARGIN_SECONDS), "a connection is waited for 1 s at most"
    assert worker.child.poll() is None
    note(f"with a {fault} seed slots are public after at most {max(late):.2f} s")


async def _answers(api: Api, name: str) -> bool:
    return (await failures(api))[name] is None


async def test_when_no_seed_answers_the_last_snapshot_stays_and_ages(rig: Rig, note: Note) -> None:
    rig.worker()
    api = await rig.healthy_api()
    async with Reader(api, rig.session) as reader:
        last = await slot_start(1.5)
        nodes = await api.get("/pnodes?status=all&limit=1000")
        for door in rig.doors:
            door.treat = resetting
        words: list[tuple[int, str]] = []
        for age in (8, 13, 18, 23, 28):
            await asyncio.sleep(last + age - time.time())
            status, body = await api.get("/health")
            words.append((status, body["status"]))
            assert await api.ready()
        assert words == [(200, "healthy"), *[(200, "degraded")] * 3, (503, "unhealthy")]
        state = await api.ask(STATE)
        assert int(state["snapshot"]["slot"]) == last
        assert state["snapshot"]["stale"] is True
        assert state["snapshot"]["ageSeconds"] >= 5 * TTL
        assert state["collector"]["outcome"] == "no_seed_answered"
        assert {seed["failure"] for seed in state["collector"]["seeds"]} == {"UNREACHABLE"}
        aged = await api.get("/pnodes?status=all&limit=1000")
        assert [node["status"] for node in aged.body["pnodes"]] == [node["status"] for node in nodes.body["pnodes"]]
        end = last + 5 * TTL + TTL - 0.5
        attempts = [door.calls_within(last + 2, end) for door in rig.doors]
        assert attempts == [5] * 9, "each seed is asked for its list once a slot, down or not"
        for door in rig.doors:
            door.treat = honest
        await until(lambda: reader.newest >= last + 6 * TTL, SLOT_SECONDS, "the next slot")
        assert await api.healthy()
        assert reader.refused == []
    note(f"{sum(len(door.calls) for door in rig.doors)} calls in all, worst gap {reader.worst_gap} s")


async def test_a_drip_is_cut_at_the_deadline_and_frees_its_place(rig: Rig, note: Note) -> None:
    worker = rig.worker()
    api = await rig.healthy_api()
    await slot_start(TTL - 1)
    open_before = descriptors(worker.child.pid)
    slow = rig.doors.seeds[:2]
    async with Reader(api, rig.session) as reader:
        for seed in slow:
            rig.doors.of[seed].treat = dripping
        first = await slot_start()
        await slot_start(3 * TTL + 4)
        found = await failures(api)
        assert [found[seed] for seed in slow] == ["TIMEOUT"] * 2
        assert [found[seed] for seed in rig.doors.seeds[2:]] == [None] * 7
        assert reader.refused == []
    late = [seen.at - slot for slot, seen in reader.slots.items() if slot >= first]
    assert len(late) >= 4
    assert max(late) < LOAD.seconds(DEADLINE_SECONDS + MARGIN_SECONDS)
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    assert descriptors(worker.child.pid) <= open_before + 1
    note(f"2 of 9 seeds drip: slots are public after at most {max(late):.2f} s")


def _raw(status: int, kind: str, body: bytes, **headers: str) -> Treat:
    async def treat(ask: Ask) -> None:
        await ask.answer(body, status=status, headers={"content-type": kind, **headers})

    return treat


async def _bomb(ask: Ask) -> None:
    """Endless blanks, in chunks."""
    await ask.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    for _ in range(512):
        await ask.send(chunk)


async def _half(ask: Ask) -> None:
    body = await ask.truth()
    await ask.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body))
    await ask.send(body[: len(body) // 2])
    ask.close()


async def _wrong_types(ask: Ask) -> None:
    pods: list[Any] = [
        None,
        1,
        "x",
        [],
        {"address": 5},
        {"address": "198.18.0.1:9001", "uptime": "for ever", "version": {}},
    ]
    await ask.result({"pods": pods, "total_count": -1} if ask.method == GET_PODS_WITH_STATS else [True])


POISON: dict[str, Treat] = {
    "TOO_LARGE": _bomb,
    "NOT_JSON": _raw(200, "application/json", b"[" * 100_000),
    "HTTP_STATUS": _raw(500, "text/plain", b"oops"),
    "HTML": _raw(200, "text/html", b"<!doctype html><title>hotel wifi</title>"),
    "HALF": _half,
    "RESET": resetting,
    "SILENT": silent,
    "TYPES": _wrong_types,
}
EXPECTED = {
    "TOO_LARGE": {"TOO_LARGE"},
    "NOT_JSON": {"NOT_JSON"},
    "HTTP_STATUS": {"HTTP_STATUS"},
    "HTML": {"NOT_JSON"},
    "HALF": {"UNREACHABLE", "NOT_JSON"},
    "RESET": {"UNREACHABLE"},
    "SILENT": {"TIMEOUT"},
    "TYPES": {None},
}


async def test_poison_of_every_kind_at_once(rig: Rig, note: Note) -> None:
    """Eight seeds send different malformed responses, slot after slot. The ninth works."""
    worker = rig.worker()
    api = await rig.healthy_api()
    pid = worker.child.pid
    async with Reader(api, rig.session) as reader:
        for seed, treat in zip(rig.doors.seeds, POISON.values(), strict=False):
            rig.doors.of[seed].treat = treat
        first = await slot_start(4)
        peak = memory_kb(pid, "VmHWM")
        await slot_start(3 * TTL + 4)
        found = await failures(api)
        for seed, kind in zip(rig.doors.seeds, POISON, strict=False):
            assert found[seed] in EXPECTED[kind], kind
        assert found[rig.doors.seeds[8]] is None
        growth = memory_kb(pid, "VmHWM") - peak
        assert reader.refused == []
    late = [seen.at - slot for slot, seen in reader.slots.items() if slot >= first]
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    assert len(late) >= 4
    assert max(late) < LOAD.seconds(DEADLINE_SECONDS + MARGIN_SECONDS)
    assert events(worker, "cycle.failed") == events(worker, "crawl.seed_crashed") == []
    assert growth < 16_384
    note(f"peak memory grew by {growth} kB in 4 poisoned slots, public after at most {max(late):.2f} s")


INVENTED = 400
GRACE_SECONDS = 3 * TTL
EXTREME = 2**63 - 1


class Liar:
    """A seed that reports extreme values for every node, and lists thousands of invented ones.

    One of those is our own listener, which records whether anything connects to it.
    """

    def __init__(self) -> None:
        self.visits = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Liar":
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    def _visited(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()

    async def treat(self, ask: Ask) -> None:
        if ask.method != GET_PODS_WITH_STATS:
            await honest(ask)
            return
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        pods = json.loads(await ask.truth())["result"]["pods"]
        now = int(time.time())
        for pod in pods:
            pod |= {"storage_committed": EXTREME, "storage_used": EXTREME, "uptime": EXTREME, "version": "9" * 500}
        invented = [self._pod(f"127.0.0.1:{port}", now)]
        invented += [self._pod(f"60.{n // 65_025}.{n // 255 % 255}.{n % 255}:9001", now) for n in range(INVENTED)]
        await ask.result({"pods": pods + invented, "total_count": len(pods) + INVENTED})

    @staticmethod
    def _pod(address: str, now: int) -> dict[str, Any]:
        said = {"version": "1.2.0", "uptime": now % 86_400, "rpc_port": 6000, "is_public": True}
        return {"address": address, "pubkey": None, "last_seen_timestamp": now, **said}


LIED_ABOUT = """{ snapshot { totals { total online avgUptimeSeconds } }
  pnodes(first: 500, where: {witnessCount: {gte: 3}}) { nodes { id version storageCommitted sightings { address } } }
  invented: pnodes(first: 1, where: {witnessCount: {lte: 1}, status: {in: [ONLINE]}}) { totalCount }
  collector { seeds { seed report { agreement dropped { name count } } } } }"""


def _agreed(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The values that most seeds report for each node with figures and a single address."""
    nodes = [node for node in answer["pnodes"]["nodes"] if node["storageCommitted"] and len(node["sightings"]) == 1]
    return {node["id"]: (node["version"], node["storageCommitted"]) for node in nodes}


async def test_a_liar_is_outvoted_and_flagged_and_leads_us_nowhere(rig: Rig, note: Note) -> None:
    """One of nine seeds reports extreme values for all nodes, and invents hundreds, one of them on our port."""
    worker = rig.worker(LIVENESS_GRACE_SECONDS=str(GRACE_SECONDS))
    api = await rig.healthy_api(LIVENESS_GRACE_SECONDS=str(GRACE_SECONDS))
    before = await api.ask(LIED_ABOUT)
    async with Liar() as liar, Reader(api, rig.session) as reader:
        rig.doors[4].treat = liar.treat
        await slot_start(3 * TTL + 3)
        during = await api.ask(LIED_ABOUT)
        assert liar.visits == 0, "hints of strangers are never dialled"
        rig.doors[4].treat = honest
        await slot_start(GRACE_SECONDS + TTL + 3)
        after = await api.ask(LIED_ABOUT)
        assert reader.refused == []
    known = _agreed(before)
    assert len(known) > 10
    assert {node: said for node, said in _agreed(during).items() if node in known} == known
    reports = {seed["seed"]: seed["report"] for seed in during["collector"]["seeds"]}
    flagged = reports.pop(rig.doors.seeds[4])
    assert flagged["agreement"] < 0.9 < min(report["agreement"] for report in reports.values())
    assert max(count["count"] for count in flagged["dropped"]) >= len(known), (
        "impossible versions are dropped, and counted"
    )
    assert during["invented"]["totalCount"] >= INVENTED, "they are told by their single witness"
    assert after["invented"]["totalCount"] <= before["invented"]["totalCount"], "and gone once the grace is over"
    uptimes = [answer["snapshot"]["totals"]["avgUptimeSeconds"] for answer in (before, during, after)]
    assert max(uptimes) < 2 * uptimes[0], "no average is carried away by what cannot be"
    late = max(reader.lateness())
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    assert events(worker, "cycle.failed") == []
    note(f"agreement of the liar {flagged['agreement']:.2f}, slots public after at most {late:.2f} s")
    before, during = before["snapshot"]["totals"], during["snapshot"]["totals"]
    note(
        f"online {before['online']} and {during['online']}, mean uptime {before['avgUptimeSeconds']:.3g} and {during['avgUptimeSeconds']:.3g} s"
    )
