"""A store as a file and back: all committed slots of one commit, from every version, and nothing visible too early."""

import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import zstandard

from jobs.backup.archive import ArchiveReader
from jobs.backup.progress import Progress
from jobs.backup.restoring import restore
from jobs.backup.taking import back_up
from jobs.past import rollup
from schema.backup import BackupError, Batch, Manifest, Moment
from schema.domain.base import DAY, HOUR, Slot
from schema.domain.errors import SnapshotUnavailable, StoreTooNew
from schema.domain.network.enrichment import EnrichmentSourceName, SourceState
from server.storage import documents
from server.storage.backup.raw import MODELS
from server.storage.backup.source import MongoBackupSource
from server.storage.backup.target import STAGED, MongoBackupTarget
from server.storage.connect import Mongo
from server.storage.enrichment import MongoEnrichment
from server.storage.events.log import EventLog
from server.storage.migrations.version import DOCUMENT_VERSION
from server.storage.snapshots.writes import MongoSnapshotStore
from server.storage.upkeep import MongoUpkeep
from tests.factories import AT
from tests.server.storage.builders import commit
from tests.server.storage.old_stores import SLOTS, all_documents, put_store, versions

INTERVAL = 600
NODES = 6
NOW = 10_000.0
LEASE_SECONDS = 30.0


class Quiet(io.StringIO):
    """A stream that nobody reads."""


def progress() -> Progress:
    return Progress(Quiet(), clock=lambda: 0.0)


async def fill(mongo: Mongo, slots: Sequence[Slot], *, roll: bool = True) -> None:
    """Commit the slots, like a worker whose lease is over, and roll up finished hours."""
    await mongo.make_indexes()
    store = MongoSnapshotStore(mongo, (EventLog(mongo),))
    lease = await store.acquire("worker", 0.0, LEASE_SECONDS)
    assert lease is not None
    for slot in slots:
        await store.commit(lease, commit(slot, NODES, interval=INTERVAL))
    if roll:
        await rollup.run(MongoUpkeep(mongo))


async def taken(source: MongoBackupSource) -> tuple[bytes, Manifest]:
    out = io.BytesIO()
    manifest = await back_up(source, out, {"taken_at": 1}, now=1, progress=progress())
    return out.getvalue(), manifest


async def restored(raw: bytes, mongo: Mongo, *, force: bool = False, clock: Callable[[], float] = lambda: NOW) -> None:
    reader = ArchiveReader(io.BytesIO(raw), MODELS.keys())
    await restore(reader, MongoBackupTarget(mongo, clock=clock), force=force, progress=progress())


def comparable(found: dict[str, dict[Any, dict[str, Any]]]) -> dict[str, dict[Any, dict[str, Any]]]:
    """A store without the data that a lease changes, and without the carried data of earlier commits."""
    own = {"token", "holder", "lease_until"}
    whole = {name: documents for name, documents in found.items() if documents}
    newest = found["head"]["head"].get("committed_slot")
    whole["carried"] = {key: each for key, each in found.get("carried", {}).items() if each["slot"] == newest}
    for name in ("head", "registry"):
        whole[name] = {
            key: {field: value for field, value in document.items() if field not in own and value is not None}
            for key, document in whole.get(name, {}).items()
        }
    return whole


@pytest.fixture
async def other(connect_db: Callable[..., Mongo], db_name: str, mongo_uri: str) -> AsyncIterator[Mongo]:
    """A second, empty database."""
    mongo = Mongo(mongo_uri, f"{db_name}_b", server_selection_seconds=60.0, timeout_seconds=60.0)
    yield mongo
    await mongo.close()


THREE_HOURS = range(AT, AT + 3 * HOUR, INTERVAL)
_TAKEN: list[tuple[bytes, dict[str, dict[Any, dict[str, Any]]]]] = []


async def three_hours(mongo: Mongo) -> tuple[bytes, dict[str, dict[Any, dict[str, Any]]]]:
    """A backup of three hours, and the content of its store.

    It is taken once, from the first database that requests it.
    """
    if not _TAKEN:
        await fill(mongo, THREE_HOURS)
        raw, _ = await taken(MongoBackupSource(mongo))
        _TAKEN.append((raw, comparable(await all_documents(mongo.database))))
    return _TAKEN[0]


async def test_a_restored_store_holds_what_the_store_held_and_collecting_goes_on(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, THREE_HOURS)
    before = await all_documents(store_db.database)
    raw, manifest = await taken(MongoBackupSource(store_db))
    await restored(raw, other)
    after = await all_documents(other.database)
    assert comparable(after) == comparable(before)
    assert manifest.moment.slot == THREE_HOURS[-1]
    assert {each.name: each.documents for each in manifest.collections} == {
        name: len(documents) for name, documents in comparable(before).items()
    }
    for name in MODELS:
        expected = set(await store_db.database[name].index_information())
        assert set(await other.database[name].index_information()) == expected, name
    await goes_on(other)


async def test_what_sources_besides_gossip_gave_is_in_the_copy(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, THREE_HOURS[:2])
    state = SourceState(
        name=EnrichmentSourceName.CREDITS, origin="https://a.example", network="devnet", attempted_at=AT, rows=1
    )
    await MongoEnrichment(store_db).keep(state, b'[["key", 5]]')
    raw, manifest = await taken(MongoBackupSource(store_db))
    await restored(raw, other)
    assert {each.name: each.documents for each in manifest.collections}["enrichment"] == 1
    assert (await all_documents(other.database))["enrichment"] == (await all_documents(store_db.database))["enrichment"]
    assert await MongoEnrichment(other).state(EnrichmentSourceName.CREDITS) == state


def test_every_collection_of_a_store_is_in_a_copy() -> None:
    assert set(MODELS.values()) == set(documents.MODELS)


async def goes_on(mongo: Mongo) -> None:
    """The next worker finds the last snapshot, and commits after it."""
    store = MongoSnapshotStore(mongo, (EventLog(mongo),))
    lease = await store.acquire("next", NOW, LEASE_SECONDS)
    assert lease is not None
    assert lease.committed_slot == THREE_HOURS[-1]
    assert await store.previous() is not None
    await store.commit(lease, commit(THREE_HOURS[-1] + INTERVAL, NODES))
    assert (await MongoBackupSource(mongo).moment()).slot == THREE_HOURS[-1] + INTERVAL


async def test_a_days_close_and_its_counts_come_back(store_db: Mongo, other: Mongo) -> None:
    day = AT // DAY * DAY
    await fill(store_db, [day + 60, day + HOUR, day + DAY + HOUR, day + DAY + 2 * HOUR])
    before = await all_documents(store_db.database)
    assert before["event_days"]
    raw, _ = await taken(MongoBackupSource(store_db))
    await restored(raw, other)
    assert comparable(await all_documents(other.database)) == comparable(before)


class Committing(MongoBackupSource):
    """A source in which a worker commits a slot whenever the past is read, and rolls up finished hours."""

    def __init__(self, mongo: Mongo, after: Slot) -> None:
        super().__init__(mongo)
        self.mongo = mongo
        self.newest = after

    async def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        async for batch in super().past(moment, since):
            yield batch
            self.newest += INTERVAL
            await fill(self.mongo, [self.newest])


async def test_what_is_committed_meanwhile_is_not_in_the_backup(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, THREE_HOURS)
    before = await all_documents(store_db.database)
    source = Committing(store_db, THREE_HOURS[-1])
    raw, manifest = await taken(source)
    assert source.newest > THREE_HOURS[-1] + HOUR  # hours were finished, and rolled up, meanwhile
    assert manifest.moment.slot == THREE_HOURS[-1]
    await restored(raw, other)
    assert comparable(await all_documents(other.database)) == comparable(before)


async def test_what_the_newest_commit_has_left_is_written_by_the_restore(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, THREE_HOURS)
    whole = await all_documents(store_db.database)
    newest = {"slot": THREE_HOURS[-1]}
    await store_db.database["events"].delete_many(newest)  # as after a kill between the commit and its derived data
    await store_db.database["snapshots"].delete_many({"marker.slot": THREE_HOURS[-1]})
    raw, _ = await taken(MongoBackupSource(store_db))
    await restored(raw, other)
    assert comparable(await all_documents(other.database)) == comparable(whole)


class Thinning(MongoBackupSource):
    """A source in which retention removes the first hour as soon as its chunks have been read."""

    def __init__(self, mongo: Mongo) -> None:
        super().__init__(mongo)
        self.mongo = mongo

    async def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        gone = {"$gte": AT, "$lt": AT + HOUR}
        async for batch in super().past(moment, since):
            yield batch
            if batch.collection == "chunks":
                await self.mongo.database["snapshots"].delete_many({"marker.slot": gone})
                await self.mongo.database["chunks"].delete_many({"slot": gone})


async def test_each_marker_in_a_backup_has_its_chunks(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, THREE_HOURS)
    raw, _ = await taken(Thinning(store_db))
    await restored(raw, other)
    found = await all_documents(other.database)
    assert set(found["snapshots"]) == set(THREE_HOURS[6:])
    for marker in found["snapshots"].values():
        kept = marker["marker"]["nodes"]
        digest = kept["digest"][:16]
        assert f"{kept['slot']}-{kept['token']}-nodes-{digest}-0" in found["chunks"]


@pytest.mark.parametrize("version", versions())
async def test_a_backup_of_an_older_store_is_restored_and_migrated(store_db: Mongo, other: Mongo, version: int) -> None:
    await put_store(store_db.database, version)
    raw, manifest = await taken(MongoBackupSource(store_db))
    assert manifest.moment.document_version is None
    await restored(raw, other)
    found = await all_documents(other.database)
    assert found["head"]["head"]["document_version"] == DOCUMENT_VERSION
    assert set(found["snapshots"]) == set(SLOTS)
    assert not [event for event in found["events"].values() if "event" in event]
    assert "contact" in await other.database["registry"].index_information()


async def test_an_empty_store_is_no_backup(store_db: Mongo) -> None:
    with pytest.raises(BackupError, match="the store is empty"):
        await taken(MongoBackupSource(store_db))


async def test_the_store_of_a_newer_release_is_not_backed_up(store_db: Mongo) -> None:
    await store_db.database["head"].insert_one({"_id": "head", "document_version": DOCUMENT_VERSION + 1})
    with pytest.raises(StoreTooNew):
        await taken(MongoBackupSource(store_db))


async def test_a_store_with_data_is_replaced_by_force_alone(store_db: Mongo, other: Mongo) -> None:
    raw, held = await three_hours(store_db)
    await fill(other, [AT + DAY, AT + DAY + INTERVAL])
    before = await all_documents(other.database)
    with pytest.raises(BackupError, match="has data in head, up to slot 2027-01-16T08:10:00Z: expected an empty one"):
        await restored(raw, other)
    assert await all_documents(other.database) == before
    await restored(raw, other, force=True)
    assert comparable(await all_documents(other.database)) == held


async def test_the_newer_store_of_a_later_release_is_replaced_by_force(store_db: Mongo, other: Mongo) -> None:
    raw, _ = await three_hours(store_db)
    await fill(other, [AT + DAY])
    await other.database["head"].update_one({"_id": "head"}, {"$set": {"document_version": DOCUMENT_VERSION + 1}})
    await restored(raw, other, force=True)
    assert (await all_documents(other.database))["head"]["head"]["document_version"] == DOCUMENT_VERSION


def cut(raw: bytes, share: float) -> bytes:
    """A backup that ends within its records."""
    records = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return zstandard.ZstdCompressor().compress(records[: int(len(records) * share)])


@pytest.mark.parametrize("share", [0.2, 0.9])
async def test_a_damaged_backup_changes_nothing(store_db: Mongo, other: Mongo, share: float) -> None:
    raw, _ = await three_hours(store_db)
    await fill(other, [AT + DAY])
    before = comparable(await all_documents(other.database))
    with pytest.raises(BackupError):
        await restored(cut(raw, share), other, force=True)
    assert comparable(await all_documents(other.database)) == before
    assert not [name for name in await other.database.list_collection_names() if name.startswith(STAGED)]
    assert await MongoSnapshotStore(other).acquire("next", NOW, LEASE_SECONDS) is not None  # the lease was returned


async def test_what_a_killed_restore_left_is_removed_by_the_next(store_db: Mongo, other: Mongo) -> None:
    raw, held = await three_hours(store_db)
    killed = MongoBackupTarget(other, clock=lambda: NOW)
    await killed.begin(force=False)
    for batch in list(ArchiveReader(io.BytesIO(raw), MODELS.keys()).items())[:4]:
        if batch is not None:
            await killed.put(batch)
    assert any(name.startswith(STAGED) for name in await other.database.list_collection_names())
    await restored(raw, other, clock=lambda: NOW + 1_000)
    assert comparable(await all_documents(other.database)) == held


class FailsToRename:
    """Fails a restore after this number of collections has been replaced."""

    def __init__(self, target: MongoBackupTarget, after: int) -> None:
        self._replace = target._replace
        self._left = after
        target._replace = self.replace  # type: ignore[method-assign]  a store that becomes unavailable during the restore

    async def replace(self, name: str) -> None:
        if self._left == 0:
            raise SnapshotUnavailable("the store does not answer")
        self._left -= 1
        await self._replace(name)


@pytest.mark.parametrize("after", [0, 4, len(MODELS) - 1])
async def test_a_restore_that_stops_while_it_publishes_shows_no_half_and_is_finished_by_another(
    store_db: Mongo, other: Mongo, after: int
) -> None:
    raw, held = await three_hours(store_db)
    await fill(other, [AT + DAY])
    target = MongoBackupTarget(other, clock=lambda: NOW)
    FailsToRename(target, after)
    with pytest.raises(SnapshotUnavailable):
        await restore(ArchiveReader(io.BytesIO(raw), MODELS.keys()), target, force=True, progress=progress())
    assert (await MongoBackupSource(other).moment()).slot is None
    await restored(raw, other, force=True)
    assert comparable(await all_documents(other.database)) == held


class Waits:
    """A clock that advances during sleeps. `while_asleep` is called then."""

    def __init__(self, now: float, while_asleep: Callable[[], Any]) -> None:
        self.now = now
        self._while_asleep = while_asleep
        self.notes: list[str] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await self._while_asleep()


async def test_a_restore_waits_for_the_lease_of_a_worker_that_has_stopped(other: Mongo) -> None:
    await fill(other, [])

    async def nothing() -> None: ...

    waits = Waits(LEASE_SECONDS - 3, nothing)
    target = MongoBackupTarget(other, note=waits.notes.append, clock=waits.time, sleep=waits.sleep)
    await target.begin(force=False)
    assert waits.notes == ["waits 3 s for the lease of worker to end"]
    assert waits.now == LEASE_SECONDS


async def test_a_restore_refuses_a_store_that_a_worker_uses(other: Mongo) -> None:
    await fill(other, [])

    async def renew() -> None:
        assert await MongoSnapshotStore(other).acquire("worker", waits.now, LEASE_SECONDS) is not None

    waits = Waits(LEASE_SECONDS - 3, renew)
    target = MongoBackupTarget(other, clock=waits.time, sleep=waits.sleep)
    with pytest.raises(BackupError, match="this store is in use by the worker worker: stop all workers first"):
        await target.begin(force=True)


async def test_a_worker_cannot_commit_while_a_restore_runs(store_db: Mongo, other: Mongo) -> None:
    await fill(other, [])
    paused = MongoSnapshotStore(other)
    lease = await paused.acquire("worker", 0.0, LEASE_SECONDS)
    assert lease is not None
    target = MongoBackupTarget(other, clock=lambda: NOW)
    await target.begin(force=True)
    assert await MongoSnapshotStore(other).acquire("next", NOW, LEASE_SECONDS) is None
    await target.leave()
    assert await MongoSnapshotStore(other).acquire("next", NOW, LEASE_SECONDS) is not None


async def test_a_worker_that_was_paused_cannot_commit_to_a_restored_store(store_db: Mongo, other: Mongo) -> None:
    raw, _ = await three_hours(store_db)
    tokens: set[int] = set()
    for mongo in (store_db, other):
        await mongo.make_indexes()
        lease = await MongoSnapshotStore(mongo).acquire("worker", 0.0, LEASE_SECONDS)
        assert lease is not None
        tokens.add(lease.token)
    await restored(raw, other, force=True)
    assert (await all_documents(other.database))["head"]["head"]["token"] > max(tokens)
