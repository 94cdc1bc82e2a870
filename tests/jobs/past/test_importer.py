"""Importing recorded lists: the results, and that neither the live past nor an interruption does any harm."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cycle.crawl import crawl
from jobs.past import retention, rollup
from jobs.past.importer import ANONYMOUS, Imported, import_files, reply_of
from jobs.past.recording import BadRecording, Recording, read_recording
from jobs.past.retention import Retention
from jobs.prpc import wire
from jobs.prpc.address import parse_seed
from schema.domain.base import DAY, HOUR
from schema.domain.cycle.advance import CycleOptions
from schema.domain.cycle.events import EventType
from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import Resolution
from schema.domain.node.registry import RegistryEntry
from schema.reads import EventFilter
from schema.upkeep import ImportedRange
from server.storage.connect import Mongo
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.registry.entries import Registry
from server.storage.snapshots.reads import SnapshotReads
from server.storage.upkeep import MongoUpkeep
from tests.factories import address, key, pnode
from tests.jobs.cycle.test_crawl import FakeClient
from tests.mongo_proxy import MongoProxy, prepared
from tests.nightly import chosen
from tests.pasts import MIDNIGHT, commit_all, dump, moment
from tests.server.storage.builders import entry

START = MIDNIGHT - 90 * 60
STEP = 1_200
OPTIONS = CycleOptions(interval=60)
NOW = MIDNIGHT + DAY
KEEP = Retention()


def pod(number: int, at: int, **changes: object) -> dict[str, object]:
    return {
        "address": address(number),
        "pubkey": key(number),
        "version": "0.8.0",
        "last_seen_timestamp": at - 3,
        "is_public": False,
        "rpc_port": 6000,
        "uptime": at - MIDNIGHT + 10 * DAY + number,
        "storage_committed": 10**11,
        "storage_used": 1_000 + number,
        "storage_usage_percent": 1e-6,
    } | changes


def lists(count: int = 10) -> list[tuple[int, list[dict[str, object]]]]:
    """Lists twenty minutes apart over midnight: node 2 restarts, node 3 changes port, node 4 joins, node 5 leaves."""
    found: list[tuple[int, list[dict[str, object]]]] = []
    for i in range(count):
        at = START + i * STEP
        pods = [pod(1, at), pod(2, at, **({"uptime": (i - 5) * STEP + 60} if i >= 5 else {}))]
        pods.append(pod(3, at, **({"address": address(3, 20_000)} if i >= 6 else {})))
        pods += [pod(4, at)] if i >= 3 else []
        pods += [pod(5, at)] if i < 7 else []
        found.append((at, pods))
    return found


def record(folder: Path, found: Sequence[tuple[int, Sequence[object]]], **extra: object) -> Path:
    folder.mkdir(exist_ok=True)
    for at, pods in found:
        (folder / f"{at}.json").write_bytes(orjson.dumps({"updatedAt": at, "nodes": pods} | extra))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "lists", lists())


async def take_in(store_db: Mongo, path: Path, *, now: float = NOW, keep_raw: bool = True) -> Imported:
    upkeep = MongoUpkeep(store_db, clock=lambda: now)
    return await import_files([path], upkeep, OPTIONS, retention=KEEP, now=now, keep_raw=keep_raw)


def online(pods: Sequence[dict[str, object]]) -> set[object]:
    return {each["pubkey"] for each in pods}


async def test_each_list_can_be_asked_for_at_its_time(store_db: Mongo, folder: Path) -> None:
    imported = await take_in(store_db, folder)
    reads = SnapshotReads(store_db, clock=lambda: NOW)

    assert imported == Imported(lists=10, slots=10, start=START, end=START + 9 * STEP, spacing=STEP)
    for at, pods in lists():
        snapshot = await reads.at(at + 59)
        assert snapshot.slot == at
        assert {node.id for node in snapshot.nodes if node.is_online} == online(pods)


async def test_a_list_that_does_not_say_who_gave_it_proves_no_node(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)

    snapshot = await SnapshotReads(store_db, clock=lambda: NOW).at(START)
    assert not [node for node in snapshot.nodes if ANONYMOUS in node.address]
    assert [seed.seed for seed in snapshot.header.seeds] == [ANONYMOUS]
    assert snapshot.header.seeds[0].node_id is None


async def test_a_list_that_names_its_seed_proves_that_node(store_db: Mongo, tmp_path: Path) -> None:
    seed = address(77).partition(":")[0]
    await take_in(store_db, record(tmp_path / "named", lists(2), seed=seed))

    snapshot = await SnapshotReads(store_db, clock=lambda: NOW).at(START)
    assert snapshot.header.seeds[0].node_id == f"addr:{seed}:9001"


async def test_events_tell_restarts_ports_arrivals_and_departures(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)
    reads = EventReads(store_db, HistoryReads(store_db, clock=lambda: NOW).earliest, clock=lambda: NOW)
    kinds = (EventType.RESTARTED, EventType.ADDRESS_CHANGED, EventType.JOINED, EventType.LEFT)

    found = await reads.events(EventFilter(types=frozenset(kinds)), None, 100)

    assert [(event.type, event.subject, event.slot) for event in found] == [
        (EventType.JOINED, key(4), START + 3 * STEP),
        (EventType.RESTARTED, key(2), START + 5 * STEP),
        (EventType.ADDRESS_CHANGED, key(3), START + 6 * STEP),
        (EventType.LEFT, key(5), START + 7 * STEP),
    ]
    assert (found[2].before, found[2].after) == (address(3), address(3, 20_000))


async def test_history_has_every_list_at_every_resolution(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)
    reads = HistoryReads(store_db, clock=lambda: NOW)

    for resolution, points in ((Resolution.RAW, 10), (Resolution.M5, 10), (Resolution.H1, 4), (Resolution.D1, 2)):
        history = await reads.network_history(START - HOUR, NOW, resolution)
        assert (len(history.points), sum(p.samples for p in history.points)) == (points, 10)
    gone = await reads.node_history([key(5)], START, NOW, Resolution.H1)
    assert sum(p.stats["online"].sum for p in gone.points) == 7


async def test_the_bulk_path_makes_the_same_buckets_as_the_live_path(store_db: Mongo, folder: Path) -> None:
    """The snapshots that an import stored, rolled up like live ones, give the same bytes."""
    await take_in(store_db, folder)
    imported = await dump(store_db)
    await store_db.database["history"].delete_many({})
    upkeep = MongoUpkeep(store_db)
    for hour in range(START // HOUR * HOUR, MIDNIGHT + 2 * HOUR, HOUR):
        await rollup.roll_up_hour(upkeep, hour)
    for day in (MIDNIGHT - DAY, MIDNIGHT):
        await upkeep.close_day(day)

    live = await dump(store_db)
    assert live.keys() == imported.keys()
    assert all(live[i]["parts"] == imported[i]["parts"] for i in live)


async def test_an_import_that_was_stopped_is_finished_by_the_same_import(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)
    whole = await dump(store_db)
    snapshots = await SnapshotReads(store_db, clock=lambda: NOW).at(START + 9 * STEP)
    for collection in ("history", "snapshots", "chunks", "events", "event_days", "upkeep", "registry"):
        await store_db.database[collection].delete_many({})

    class Stops(MongoUpkeep):
        async def close_day(self, day: int) -> None:
            raise SnapshotUnavailable("stopped")

    with pytest.raises(SnapshotUnavailable):
        await import_files([folder], Stops(store_db), OPTIONS, retention=KEEP, now=NOW, keep_raw=True)
    assert await dump(store_db) != whole
    await take_in(store_db, folder)

    assert await dump(store_db) == whole
    assert await SnapshotReads(store_db, clock=lambda: NOW).at(START + 9 * STEP) == snapshots


KEPT = ("history", "snapshots", "chunks", "events", "event_days", "registry", "upkeep")


async def import_behind(proxy: MongoProxy, db_name: str, path: Path, cut_at: int | None = None) -> bool:
    """Import through a proxy that is cut at a command. Returns whether the import was completed."""
    mongo = await prepared(proxy.client(db_name, patient=cut_at is None))
    proxy.commands.clear()
    if cut_at is not None:
        proxy.cut_at(cut_at, "answer" if cut_at % 2 else "request")
    try:
        await take_in(mongo, path)
    except SnapshotUnavailable:
        return False
    finally:
        await proxy.close(mongo)
    return True


async def test_an_import_that_is_cut_at_any_write_is_finished_by_the_same_with_the_same_bytes(
    store_db: Mongo, mongo_uri: str, db_name: str, tmp_path: Path
) -> None:
    """After an older import that knows some of the nodes, the request or response of each write is lost in turn.

    Chunks without a marker may remain, as after an interrupted commit, until retention finds them.
    """
    earlier = record(tmp_path / "earlier", lists()[:2])
    later = record(tmp_path / "later", [(at + DAY, pods) for at, pods in lists()[4:8]])

    async def stored() -> dict[str, list[dict[str, object]]]:
        """All documents, read without the document classes, because those are bound to another client."""
        found = {name: await store_db.database[name].find({}).to_list() for name in KEPT}
        return {name: sorted(documents, key=lambda each: str(each["_id"])) for name, documents in found.items()}

    async with MongoProxy(mongo_uri) as proxy:
        assert await import_behind(proxy, db_name, earlier)
        before = await stored()
        assert await import_behind(proxy, db_name, later)
        commands, whole = list(proxy.commands), await stored()
        cuts = [number for number, name in enumerate(commands, 1) if name in {"insert", "update"}]
        assert len(cuts) > 15
        for cut_at in chosen(cuts, 7):
            for name in KEPT:
                await store_db.database[name].delete_many({})
                if before[name]:
                    await store_db.database[name].insert_many(before[name])
            await proxy.mend()
            assert not await import_behind(proxy, db_name, later, cut_at)
            await proxy.mend()
            assert await import_behind(proxy, db_name, later)
            found = await stored()
            found["chunks"] = [each for each in found["chunks"] if each in whole["chunks"]]
            assert found == whole, f"cut at {cut_at}, {commands[cut_at - 1]}"


async def test_what_is_imported_is_not_imported_again(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)
    before = await dump(store_db)

    assert await take_in(store_db, folder) == Imported(lists=0, slots=0, known=10, spacing=STEP)
    assert await dump(store_db) == before


async def test_lists_from_the_time_that_was_collected_here_are_left_out(store_db: Mongo, folder: Path) -> None:
    """The newest snapshot, and every hour since collection began, are unchanged."""
    await commit_all(store_db, [moment(slot) for slot in range(MIDNIGHT + 60, MIDNIGHT + HOUR + 61, 60)])
    await rollup.run(MongoUpkeep(store_db))
    live = await dump(store_db)

    imported = await take_in(store_db, folder)

    assert (imported.slots, imported.live) == (5, 5)
    reads = SnapshotReads(store_db, clock=lambda: NOW)
    newest = await reads.refresh()
    assert newest == moment(MIDNIGHT + HOUR + 60)
    after = await dump(store_db)
    assert all(after[i]["parts"].items() >= live[i]["parts"].items() for i in live)
    assert (await reads.at(MIDNIGHT - 1)).slot == START + 4 * STEP


async def test_of_one_slot_the_newest_list_of_each_seed_counts(store_db: Mongo, tmp_path: Path) -> None:
    at, pods = lists(1)[0]
    path = record(tmp_path / "twice", [(at, pods), (at + 30, pods[:2])])

    assert await take_in(store_db, path) == Imported(lists=1, slots=1, superseded=1, start=at, end=at, spacing=30)
    snapshot = await SnapshotReads(store_db, clock=lambda: NOW).at(at)
    assert len(snapshot.nodes) == 2


async def test_without_keep_raw_only_what_retention_leaves_is_kept(store_db: Mongo, folder: Path) -> None:
    now = MIDNIGHT + 30 * DAY
    await take_in(store_db, folder, now=now, keep_raw=False)
    reads = SnapshotReads(store_db, clock=lambda: now)

    kept = sorted({(await reads.at(at)).slot for at, _ in lists() if at >= START + STEP})
    assert kept == [START + i * STEP for i in (1, 4, 7, 9)]
    history = await HistoryReads(store_db, clock=lambda: now).network_history(START, now, Resolution.H1)
    assert sum(p.samples for p in history.points) == 10


async def test_keep_raw_is_exempt_from_retention(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)
    late = MIDNIGHT + 400 * DAY
    await commit_all(store_db, [moment(late), moment(late + HOUR)])
    upkeep = MongoUpkeep(store_db, clock=lambda: 2e10)
    await rollup.run(upkeep)

    assert (await retention.run(upkeep, late + HOUR, KEEP)).done

    reads, history = SnapshotReads(store_db, clock=lambda: late), HistoryReads(store_db, clock=lambda: late)
    assert [(await reads.at(at)).slot for at, _ in lists()] == [at for at, _ in lists()]
    raw = await history.network_history(START, START + 10 * STEP, Resolution.AUTO)
    assert (raw.resolution, len(raw.points)) == (Resolution.RAW, 10)
    log = EventReads(store_db, history.earliest, clock=lambda: late)
    assert await log.event_count(EventFilter(until=MIDNIGHT + DAY)) > 3


async def test_imported_nodes_enter_the_registry_but_never_replace_what_a_worker_wrote(
    store_db: Mongo, folder: Path
) -> None:
    known = entry(pnode(1), NOW)
    await Registry(store_db).write([known], token=1)

    await take_in(store_db, folder)

    entries = await MongoUpkeep(store_db).recall([key(1), key(5)])
    assert entries[key(1)] == known
    assert entries[key(5)].first_seen == START - 3
    assert entries[key(5)].appearances == entries[key(5)].disappearances == 1


async def registered(store_db: Mongo) -> dict[str, object]:
    """Every complete document of the registry, by its key."""
    await store_db.prepare()
    return {document["_id"]: document async for document in store_db.database["registry"].find({})}


async def test_the_registry_tells_what_was_last_known_of_each_imported_node(store_db: Mongo, folder: Path) -> None:
    await take_in(store_db, folder)

    last = await SnapshotReads(store_db, clock=lambda: NOW).at(START + 9 * STEP)
    entries = await MongoUpkeep(store_db).recall([node.id for node in last.nodes])
    assert {i: (e.last_seen, e.uptime, e.storage_used, e.address) for i, e in entries.items()} == {
        node.id: (node.last_seen, node.uptime, node.storage_used, node.address) for node in last.nodes
    }
    assert entries[key(1)].last_seen == START + 9 * STEP - 3
    assert entries[key(5)].last_seen == START + 6 * STEP - 3
    assert {entry.first_seen for entry in entries.values()} == {START - 3, START + 3 * STEP - 3}


async def test_a_node_that_comes_back_after_it_was_retired_is_known_again(store_db: Mongo, tmp_path: Path) -> None:
    later = START + 40 * DAY
    times = (START, START + STEP, START + 2 * STEP, later - STEP, later)
    found = [(at, [pod(1, at), *([pod(2, at)] if at in {START, later} else [])]) for at in times]
    await take_in(store_db, record(tmp_path / "months", found), now=later + DAY)

    entries = await MongoUpkeep(store_db).recall([key(2)])
    assert entries[key(2)].first_seen == START - 3
    assert (entries[key(2)].appearances, entries[key(2)].disappearances) == (2, 1)


async def test_an_import_that_was_stopped_amid_the_registry_leaves_the_same_registry(
    store_db: Mongo, tmp_path: Path
) -> None:
    """Nodes that an earlier import added are included. Their earlier samples are not counted twice."""
    first, second = lists()[:3], [(at + DAY, pods) for at, pods in lists()]
    await take_in(store_db, record(tmp_path / "first", first), now=NOW + DAY)
    earlier = await registered(store_db)
    later = record(tmp_path / "second", second)
    await take_in(store_db, later, now=NOW + DAY)
    whole = await registered(store_db)
    for collection in ("history", "snapshots", "chunks", "events", "event_days", "upkeep", "registry"):
        await store_db.database[collection].delete_many({})
    await take_in(store_db, tmp_path / "first", now=NOW + DAY)
    assert await registered(store_db) == earlier

    class Stops(MongoUpkeep):
        async def finish_import(self, done: ImportedRange, entries: Sequence[RegistryEntry]) -> None:
            await Registry(store_db).write_past(entries[::2])
            raise SnapshotUnavailable("stopped")

    with pytest.raises(SnapshotUnavailable):
        await import_files([later], Stops(store_db), OPTIONS, retention=KEEP, now=NOW + DAY, keep_raw=True)
    assert await registered(store_db) != whole
    await take_in(store_db, later, now=NOW + DAY)

    assert await registered(store_db) == whole


async def test_an_older_past_imported_later_only_adds_the_earlier_first_sight(store_db: Mongo, tmp_path: Path) -> None:
    await take_in(store_db, record(tmp_path / "newer", lists()))
    newer = await MongoUpkeep(store_db).recall([key(1), key(5)])
    older = [(START - DAY, [pod(1, START - DAY), pod(6, START - DAY)])]
    await take_in(store_db, record(tmp_path / "older", older))

    entries = await MongoUpkeep(store_db).recall([key(1), key(5), key(6)])
    assert entries[key(1)] == newer[key(1)].model_copy(update={"first_seen": START - DAY - 3})
    assert entries[key(5)] == newer[key(5)]
    assert entries[key(6)].first_seen == START - DAY - 3
    past = await SnapshotReads(store_db, clock=lambda: NOW).at(START - DAY)
    assert {node.first_seen for node in past.nodes} == {START - DAY - 3}


async def test_a_file_that_is_no_list_stops_the_import_before_anything_is_written(
    store_db: Mongo, folder: Path
) -> None:
    (folder / "zzz.json").write_text("{}")

    with pytest.raises(BadRecording, match=r"zzz\.json"):
        await take_in(store_db, folder)
    assert await dump(store_db) == {}


async def test_a_row_that_is_of_no_use_is_left_out_and_the_list_imported(store_db: Mongo, tmp_path: Path) -> None:
    at, pods = lists(1)[0]
    rows = [*pods, None, {**pods[0], "address": "nowhere"}, {**pods[1], "uptime": "long"}]
    path = record(tmp_path / "odd", [(at, rows)])

    imported = await take_in(store_db, path)

    assert (imported.lists, imported.slots) == (1, 1)
    (finding,) = imported.findings.files
    assert (finding.path, finding.rows) == (path / f"{at}.json", len(rows))
    assert finding.dropped["pod:not_an_object"] == 1
    snapshot = await SnapshotReads(store_db, clock=lambda: NOW).at(at)
    assert online(pods) <= {node.id for node in snapshot.nodes}


async def test_the_time_between_two_lists_is_told(store_db: Mongo, folder: Path) -> None:
    assert (await take_in(store_db, folder)).spacing == STEP


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
USUAL: dict[str, st.SearchStrategy[object]] = {name: st.just(value) for name, value in pod(1, START).items()}
USUAL["address"] = st.integers(1, 5).map(address) | st.sampled_from(("example.org:9001", "10.0.0.1:9001", "1.2.3.4"))
USUAL["pubkey"] = st.integers(1, 5).map(key) | st.sampled_from(("", "nokey"))
PODS = st.fixed_dictionaries({}, optional={name: usual | VALUES for name, usual in USUAL.items()})


@given(st.lists(PODS | VALUES.filter(lambda value: not isinstance(value, dict)), max_size=6))
async def test_a_row_is_kept_exactly_if_the_live_path_keeps_it(rows: list[object]) -> None:
    """The values too: what is taken from a row, what is left out, and why."""
    recording = _recorded(rows)
    table = {wire.GET_PODS_WITH_STATS: {"pods": orjson.loads(orjson.dumps(rows))}}
    (live,) = await crawl(FakeClient({"45.1.2.7": table}), [parse_seed("45.1.2.7")], clock=lambda: START)

    imported = reply_of(recording)

    assert imported.observations == live.observations
    assert imported.dropped == live.dropped


def _recorded(rows: list[object]) -> Recording:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.json"
        path.write_bytes(orjson.dumps({"updatedAt": START, "nodes": rows}))
        return read_recording(path)


async def test_a_bar_shows_how_far_it_is(store_db: Mongo, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upkeep = MongoUpkeep(store_db, clock=lambda: NOW)
    await import_files([folder], upkeep, OPTIONS, retention=KEEP, now=NOW, progress=True)

    assert "10/10" in capsys.readouterr().err
