"""Workers that are killed, paused or doubled: each slot is taken once and whole, and the next one is on time."""

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from server.storage.connect import Mongo
from tests.faults import stages
from tests.faults.conftest import Note
from tests.faults.doors import Ask, honest
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader, check_kept
from tests.faults.rig import SLOT_SECONDS, Rig, commits, events, pause, resume, slot_start, stop, until
from tests.faults.stages import Accident, Stage
from tests.faults.wire import Command, Lost, Wire
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY, free_port

RESTART_SECONDS = 0.5
"""How long a supervisor waits before it restarts a dead worker."""
CRAWL_SECONDS = 0.5
ON_TIME_SECONDS = 2.5
"""The time after its start at which a slot of healthy seeds must be public. It takes 0.2 s on an idle machine."""


async def kill_at_each(rig: Rig, moments: Sequence[Stage], note: Note) -> None:
    """Kill the worker once at each of these stages, and restart it, while a reader runs."""
    async with Wire(rig.mongo_uri) as wire:
        worker = rig.worker(MONGO_URI=wire.uri)
        api = await rig.healthy_api()
        async with Reader(api, rig.session) as reader:
            for stage in moments:

                async def kill() -> None:
                    worker.kill()
                    raise Lost

                accident = Accident(wire, stage, kill)
                await until(lambda: accident.at, SLOT_SECONDS, f"a cycle comes to: {stage.name}")  # noqa: B023  awaited here
                slot = int(accident.at // TTL) * TTL
                await asyncio.sleep(RESTART_SECONDS)
                worker.start()
                late = await next_slot(reader, slot, ON_TIME_SECONDS)
                note(f"killed {accident.at - slot:.2f} s into its slot, {stage.name}: the next after {late:.2f} s")
            assert reader.refused == []
        assert reader.worst_gap <= LOAD.gap(2), "at most the slot of the kill is lost"
        compared = await check_kept(rig.mongo_uri, rig.database, reader)
        note(f"{len(moments)} kills, {reader.looks} looks, {compared} slots whole, worst gap {reader.worst_gap} s")


async def next_slot(reader: Reader, slot: int, seconds: float) -> float:
    """The delay in seconds after which the following slot was seen. Fails if that is more than `seconds`."""
    seen = await until(
        lambda: reader.slots.get(slot + TTL), slot + TTL + seconds - time.time(), f"slot {slot + TTL} on time"
    )
    return seen.at - slot - TTL


@pytest.mark.quick
async def test_a_worker_killed_before_and_after_its_commit(rig: Rig, note: Note) -> None:
    await kill_at_each(rig, (stages.MEMORY_WRITTEN, stages.BEFORE_COMMIT, stages.COMMITTED), note)


async def test_a_worker_killed_at_each_of_ten_stages(rig: Rig, note: Note) -> None:
    assert len(stages.STAGES) == 10
    await kill_at_each(rig, stages.STAGES, note)


async def test_a_worker_killed_while_it_asks_leaves_the_next_slot_to_another(rig: Rig, note: Note) -> None:
    """Ten times, the one of two workers that runs the cycle is killed in its crawl, and stays down in that slot."""
    asked = asyncio.Event()

    async def slowly(ask: Ask) -> None:
        asked.set()
        await asyncio.sleep(CRAWL_SECONDS)
        await honest(ask)

    late: list[float] = []
    pair = [rig.worker("one"), rig.worker("two")]
    api = await rig.healthy_api()
    rig.doors[0].treat = slowly
    async with Reader(api, rig.session) as reader:
        for _ in range(10):
            asked.clear()
            await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
            slot = int(time.time() // TTL) * TTL
            holder = await pid_of_holder(rig)
            victim = next(worker for worker in pair if worker.child.pid == holder)
            victim.kill()
            late.append(await next_slot(reader, slot, ON_TIME_SECONDS + CRAWL_SECONDS))
            victim.start()
        assert reader.refused == []
    assert reader.worst_gap <= LOAD.gap(2)
    await check_kept(rig.mongo_uri, rig.database, reader)
    note(f"10 kills of the holder, worst gap {reader.worst_gap} s, next slots after at most {max(late):.2f} s")


async def pid_of_holder(rig: Rig) -> int:
    """The process that holds the lease, by its own name."""
    mongo = Mongo(rig.mongo_uri, rig.database)
    try:
        head = await mongo.database["head"].find_one({"_id": "head"})
    finally:
        await mongo.close()
    assert head is not None
    return int(str(head["holder"]).split(":")[1])


@pytest.mark.parametrize(
    ("count", "queue"),
    [(2, True), (3, True), (3, False)],
    ids=["two", "three", "three-without-redis"],
)
async def test_workers_make_one_cycle_a_slot(rig: Rig, note: Note, *, count: int, queue: bool) -> None:
    settings = {} if queue else {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    workers = [rig.worker(f"worker-{i}", tree=REPOSITORY, **settings) for i in range(count)]
    api = await rig.healthy_api()
    async with Reader(api, rig.session) as reader:
        first = await slot_start()
        await slot_start(4 * TTL - 0.5)
    last = first + 4 * TTL
    for seed, door in zip(rig.doors.seeds, rig.doors, strict=True):
        for slot in range(first, last + 1, TTL):
            assert door.calls_within(slot - 0.5, slot + TTL - 0.5) == 1, f"{seed} in slot {slot}"
    slots = commits(*workers)
    assert slots == list(range(slots[0], slots[-1] + 1, TTL)), "each slot once, and none left out"
    assert {*range(first, last + 1, TTL)} <= reader.slots.keys()
    shares = [len(commits(worker)) for worker in workers]
    note(
        f"{len(slots)} slots, by worker {shares}, worst gap {reader.worst_gap} s, latest {max(reader.lateness()):.2f} s"
    )


@pytest.mark.parametrize("on_its_way", [True, False], ids=["commit-on-its-way", "before-its-commit"])
async def test_a_worker_paused_past_its_lease_is_refused(rig: Rig, note: Note, *, on_its_way: bool) -> None:
    """One worker pauses during a cycle while another takes over, and then continues.

    The command that commits has left the paused worker, and reaches the store only after the takeover.
    """
    released = asyncio.Event()
    answers: list[Any] = []
    stage = stages.BEFORE_COMMIT if on_its_way else stages.MEMORY_WRITTEN

    async def stand_still() -> None:
        pause(paused)
        await released.wait()

    async def answered(command: Command, answer: Mapping[str, Any]) -> None:
        if command.commits:
            answers.append(answer["value"])

    async with Wire(rig.mongo_uri) as wire:
        paused = rig.worker("paused", MONGO_URI=wire.uri)
        api = await rig.healthy_api()
        async with Reader(api, rig.session) as reader:
            accident = Accident(wire, stage, stand_still)
            await until(lambda: accident.at, SLOT_SECONDS, "the worker is about to commit")
            lost = int(accident.at // TTL) * TTL
            other = rig.worker("other")
            taken = await api.newer_than(lost + TTL, 2 * SLOT_SECONDS)
            wire.calm()
            if on_its_way:
                wire.after = answered
            released.set()
            await asyncio.sleep(0.2)
            resume(paused)
            await api.newer_than(taken + 2 * TTL, SLOT_SECONDS + TTL)
            assert await stop(other) == 0
            newest = reader.newest
            await api.newer_than(newest + TTL, SLOT_SECONDS)
            assert reader.refused == []
        if on_its_way:
            assert answers[0] is None, "the store refused the late commit"
        assert lost not in reader.slots
        assert lost not in commits(paused, other)
        assert len(commits(paused, other)) == len(set(commits(paused, other)))
        assert commits(paused)[-1] > newest, "the paused worker works on"
        await check_kept(rig.mongo_uri, rig.database, reader)
        words = [line["event"] for line in events(paused) if line["event"] in {"cycle.too_slow", "cycle.lease_lost"}]
        note(f"the late worker said {words}, worst gap {reader.worst_gap} s")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_a_worker_that_is_asked_to_stop_finishes_its_cycle(rig: Rig, number: signal.Signals) -> None:
    asked = asyncio.Event()

    async def slowly(ask: Ask) -> None:
        asked.set()
        await asyncio.sleep(CRAWL_SECONDS)
        await honest(ask)

    worker = rig.worker()
    api = await rig.healthy_api()
    for door in rig.doors:
        door.treat = slowly
    await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
    slot = int(time.time() // TTL) * TTL
    worker.child.send_signal(number)
    assert await asyncio.to_thread(worker.child.wait, 10) == 0
    assert commits(worker)[-1] == slot
    assert await api.newer_than(slot, 3) == slot
