"""A commit that is interrupted at any command: readers see a whole slot, and the next worker completes the work."""

from collections.abc import Callable

import pytest

from schema.domain.errors import SnapshotUnavailable
from schema.writes import Commit
from server.storage.connect import Mongo
from server.storage.documents import CarriedDocument
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.reads import SnapshotReads
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT
from tests.mongo_proxy import Loss, MongoProxy, connected, prepared
from tests.nightly import cases
from tests.server.storage.builders import commit

BEFORE, CUT = commit(AT, 5), commit(AT + 60, 6)
COMMANDS = ["find", "insert", "insert", "findAndModify", "update", "insert", "update", "delete"]
COMMIT_POINT = COMMANDS.index("findAndModify") + 1


class Follows:
    """A follower like history: idempotent by slot."""

    def __init__(self) -> None:
        self.by_slot: dict[int, Commit] = {}

    async def follow(self, commit: Commit) -> None:
        self.by_slot[commit.snapshot.slot] = commit


async def read_newest(mongo: Mongo) -> int:
    """The slot that readers see. Asserts that all of their data is from that slot."""
    reads = SnapshotReads(mongo, clock=lambda: AT + 120)
    await reads.refresh()
    seen = reads.current()
    assert seen is not None
    made = CUT if seen.slot == CUT.snapshot.slot else BEFORE
    assert seen == made.snapshot
    assert await MongoSnapshotStore(mongo).previous() == (made.snapshot, made.memory)
    return seen.slot


CUTS = {
    f"{at}-{command}-{loss}-{'restarted' if restarted else 'same-process'}": (at, loss, restarted)
    for at, command in enumerate(COMMANDS, 1)
    for loss in ("request", "answer")
    for restarted in (True, False)
}
# Each command with each loss and each continuing worker, in turn, and the commit point in all ways.
HALF = {
    name for name, (at, loss, again) in CUTS.items() if at == COMMIT_POINT or again == (at % 2 == (loss == "answer"))
}


@pytest.mark.parametrize("cut", cases(*CUTS.items(), always=HALF))
async def test_a_commit_is_all_or_nothing(
    *,
    store_db: Mongo,
    mongo_uri: str,
    db_name: str,
    connect_db: Callable[..., Mongo],
    cut: tuple[int, Loss, bool],
) -> None:
    cut_at, loss, restarted = cut
    follows = Follows()
    async with MongoProxy(mongo_uri) as proxy:
        behind = await prepared(proxy.client(db_name, patient=False))
        worker = MongoSnapshotStore(behind, [follows])
        lease = await worker.acquire("a", 0.0, 30.0)
        assert lease is not None
        await worker.commit(lease, BEFORE)
        proxy.cut_at(cut_at, loss)
        with pytest.raises(SnapshotUnavailable):
            await worker.commit(lease, CUT)
        await proxy.mend()
        await connected(behind)

        direct = connect_db()
        await direct.prepare()
        seen = await read_newest(direct)
        committed = cut_at > COMMIT_POINT or (cut_at == COMMIT_POINT and loss == "answer")
        assert seen == (CUT if committed else BEFORE).snapshot.slot
        if not committed:
            assert dict(await worker.recall([one.id for one in CUT.registry])) == {
                one.id: one for one in BEFORE.registry
            }
            assert set(follows.by_slot) == {AT}
            assert await SnapshotLog(store_db).newest_at(AT + 999) == AT

        if restarted:
            worker = MongoSnapshotStore(direct, [follows])
        lease = await worker.acquire("b" if restarted else "a", 31.0, 30.0)
        assert lease is not None
        assert lease.committed_slot == seen
        if not (committed and restarted):  # a restarted worker sees that the slot is done; a continuing one tries again
            await worker.commit(lease, CUT)
        assert await read_newest(direct) == AT + 60
        assert dict(await worker.recall([one.id for one in CUT.registry])) == {one.id: one for one in CUT.registry}
        assert await SnapshotLog(store_db).newest_at(AT + 999) == AT + 60
        assert await SnapshotLog(store_db).newest_at(AT + 59) == AT
        assert follows.by_slot == {AT: BEFORE, AT + 60: CUT}
        assert {one.slot for one in await store_db.documents(CarriedDocument).find({}).to_list()} == {AT, AT + 60}
        await behind.close()


async def test_these_are_all_commands_of_a_commit(mongo_uri: str, db_name: str, store_db: Mongo) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        behind = await prepared(proxy.client(db_name))
        worker = MongoSnapshotStore(behind)
        lease = await worker.acquire("a", 0.0, 30.0)
        assert lease is not None
        await worker.commit(lease, BEFORE)
        proxy.commands.clear()
        await worker.commit(lease, CUT)
        assert proxy.commands == COMMANDS
        await behind.close()
