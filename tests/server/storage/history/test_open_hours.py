"""Samples of a node in hours that are not rolled up equal those of whole snapshots, and take only a few queries."""

import asyncio
import gc
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from structlog.testing import capture_logs

from schema.domain.base import HOUR
from schema.domain.history.points import Resolution
from schema.domain.history.rollup import Sample
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import Snapshot
from server.storage.connect import Mongo
from server.storage.history.open_hours import OpenHours
from server.storage.history.reads import HistoryReads
from server.storage.snapshots.one_record import Place, find_record
from server.storage.snapshots.payload import NODES
from tests.factories import key, pnode, snapshot
from tests.pasts import MIDNIGHT, commit_all, moment
from tests.samples import points_of

START = MIDNIGHT - HOUR // 2


class Queries(CommandListener):
    """The queried collections, in order, and the keys by which chunks are read."""

    def __init__(self) -> None:
        self.finds: list[str] = []
        self.chunks: list[list[str]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.finds.append(event.command["find"])
            if event.command["find"] == "chunks":
                self.chunks.append(list(event.command["filter"]["_id"]["$in"]))
        elif event.command_name == "getMore":
            self.finds.append("getMore")

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def past(slots: int, count: int = 3) -> list[Snapshot]:
    return [moment(START + 60 * i, count) for i in range(slots)]


def samples_of(snapshots: Iterable[Snapshot], node_id: str) -> list[Sample]:
    found = [points_of(each)[1].get(node_id) for each in snapshots]
    return [sample for sample in found if sample is not None]


async def opened(mongo: Mongo, snapshots: Sequence[Snapshot]) -> OpenHours:
    hours = OpenHours(mongo)
    await hours.refresh(snapshots[0].slot, snapshots[-1].slot)
    return hours


async def ask(hours: OpenHours, node_id: str) -> list[Sample]:
    return await hours.node(node_id, START, START + 10 * HOUR)


@pytest.mark.parametrize("slots", [5, 60])
async def test_a_question_takes_one_query_for_the_chunks_of_all_slots(
    store_db: Mongo, connect_db: Callable[..., Mongo], slots: int
) -> None:
    await commit_all(store_db, past(slots))
    queries = Queries()
    mongo = connect_db(event_listeners=[queries])
    await mongo.prepare()
    reads = HistoryReads(mongo, clock=lambda: START + 60 * slots)
    queries.finds.clear()

    history = await reads.node_history([key(1)], START, START + 60 * slots, Resolution.RAW)
    assert len(history.points) == slots
    assert queries.finds.count("chunks") == 1
    assert len(queries.finds) <= 8
    (keys,) = queries.chunks
    assert len(keys) == len(set(keys)) == slots, "each chunk once; those that begin an hour are the bases of the others"

    queries.finds.clear()
    assert len((await reads.node_history([key(2)], START, START + 60 * slots, Resolution.RAW)).points) == slots
    assert "chunks" not in queries.finds, "they are kept for the next node"


async def test_questions_of_one_moment_share_their_queries(store_db: Mongo, connect_db: Callable[..., Mongo]) -> None:
    snapshots = past(5, 30)
    await commit_all(store_db, snapshots)
    queries = Queries()
    mongo = connect_db(event_listeners=[queries])
    await mongo.prepare()
    reads = HistoryReads(mongo, clock=lambda: START + 300)
    queries.finds.clear()

    asked = [reads.node_history([key(n)], START, START + 300, Resolution.RAW) for n in range(1, 21)]
    found = await asyncio.gather(*asked, reads.network_history(START, START + 300, Resolution.H1, include_current=True))
    assert [len(history.points) for history in found] == [5] * 20 + [1]
    assert found[3].points[0].stats == dict(found[3].points[0].stats)
    assert len(queries.finds) - queries.finds.count("chunks") <= 7
    assert len(queries.finds) <= 30


async def test_a_new_slot_takes_its_own_chunk_alone(store_db: Mongo, connect_db: Callable[..., Mongo]) -> None:
    snapshots = past(10)
    await commit_all(store_db, snapshots[:9])
    queries = Queries()
    mongo = connect_db(event_listeners=[queries])
    await mongo.prepare()
    hours = await opened(mongo, snapshots[:9])
    await ask(hours, key(1))
    await commit_all(mongo, snapshots[9:])
    queries.chunks.clear()
    await hours.refresh(START, snapshots[-1].slot)
    assert await ask(hours, key(1)) == samples_of(snapshots, key(1))
    assert [len(keys) for keys in queries.chunks] == [1]


async def test_little_is_kept_of_a_slot(store_db: Mongo) -> None:
    """With a slot every 5 s, an hour has 720. The process must not seem to grow until it is rolled up."""
    snapshots = past(65)
    await commit_all(store_db, snapshots)
    hours = await opened(store_db, snapshots[:5])

    def held(committed: int) -> int:
        assert len(hours.network(START, START + 2 * HOUR)) == committed
        gc.collect()
        return len(gc.get_objects())

    first = held(5)
    await hours.refresh(START, snapshots[-1].slot)
    grown = held(65) - first
    assert grown <= 4 * 60


async def test_a_node_is_found_in_whichever_chunk_it_is(store_db: Mongo) -> None:
    """The node may also move from one chunk to another, because other nodes come and go."""
    counts = (700, 700, 640, 310, 700, 299, 1)
    snapshots = [moment(START + 60 * i, count) for i, count in enumerate(counts)]
    await commit_all(store_db, snapshots)
    for number in (1, 2, 299, 300, 301, 650, 700, 701):
        assert await ask(await opened(store_db, snapshots), key(number)) == samples_of(snapshots, key(number))


async def test_large_networks_take_a_few_queries_more(store_db: Mongo, connect_db: Callable[..., Mongo]) -> None:
    snapshots = past(3, 1_300)
    await commit_all(store_db, snapshots)
    queries = Queries()
    mongo = connect_db(event_listeners=[queries])
    await mongo.prepare()
    hours = await opened(mongo, snapshots)
    queries.finds.clear()
    for number in (1, 600, 1_300):
        assert await ask(hours, key(number)) == samples_of(snapshots, key(number))
    assert queries.finds.count("chunks") <= 3 * 4


async def test_slots_that_cannot_be_read_are_left_out_and_named_once(store_db: Mongo) -> None:
    snapshots = past(8)
    await commit_all(store_db, snapshots)
    await store_db.database["chunks"].delete_many({"slot": START + 60})
    await store_db.database["chunks"].update_many({"slot": START + 120}, {"$set": {"body": b"spoilt"}})
    await store_db.database["snapshots"].update_many({"_id": START + 180}, {"$set": {"marker.header": b"spoilt"}})
    hours = await opened(store_db, snapshots)
    with capture_logs() as logs:
        for _ in range(2):
            assert await ask(hours, key(1)) == samples_of([snapshots[0], *snapshots[4:]], key(1))
    assert sorted((line["event"], line["slot"]) for line in logs) == [
        ("history.slot_unreadable", START + 60 * i) for i in (1, 2, 3)
    ]


async def test_a_store_that_went_back_is_looked_at_anew(store_db: Mongo) -> None:
    snapshots = past(6)
    await commit_all(store_db, snapshots)
    hours = await opened(store_db, snapshots)
    await ask(hours, key(1))
    for name in ("head", "snapshots", "chunks"):
        await store_db.database[name].delete_many({})
    again = [moment(START + 30 + 60 * i, interval=30) for i in range(3)]
    await commit_all(store_db, again)
    await hours.refresh(START, again[-1].slot)
    assert await ask(hours, key(1)) == samples_of(again, key(1))


IDS = st.lists(st.text(min_size=1, max_size=12), min_size=0, max_size=12, unique=True)


@given(IDS, st.text(min_size=1, max_size=12))
def test_one_record_is_that_of_the_whole_chunk(ids: list[str], other: str) -> None:
    nodes = [pnode(1).model_copy(update={"id": node_id, "version": f'","id":"{node_id}'}) for node_id in sorted(ids)]
    raw = NODES.dump(nodes)
    for node in nodes:
        assert find_record(NODES, raw, node.id) == (Place.HERE, node)
    if other not in ids:
        place, found = find_record(NODES, raw, other)
        assert found is None
        assert place is _place(nodes, other)


def _place(nodes: Sequence[PNode], node_id: str) -> Place:
    if not nodes or nodes[0].id < node_id < nodes[-1].id:
        return Place.HERE
    return Place.BEFORE if node_id < nodes[0].id else Place.AFTER


@pytest.mark.parametrize("raw", [b"", b"{}", b'[{"id":"a"', b'[{"address":"a"}]', b"[{}]", b'[{"id":"a"},{"id":"b"'])
def test_what_is_no_chunk_is_an_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        find_record(NODES, raw, "a")


def test_a_snapshot_sorts_its_nodes() -> None:
    """The property that the search relies on."""
    nodes = [pnode(number) for number in (3, 1, 2)]
    ids = [node.id for node in snapshot(nodes, START).nodes]
    assert ids == sorted(ids)
