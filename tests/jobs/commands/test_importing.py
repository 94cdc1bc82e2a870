"""`pnodes import`: into a given store, into its own store, and beside a run that holds the folder."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from jobs import cli
from jobs.commands.importing import spacing_hint, summary
from jobs.past.findings import MAX_FILES, Findings
from jobs.past.importer import Imported
from jobs.past.recording import Recording
from jobs.stack.folder import forget_stores, hold_folder, note_stores, noted_stores
from schema.domain.node.observation import SeedReply
from server.settings import Settings
from server.storage.connect import Mongo
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.embedded import EmbeddedStores
from tests.factories import AT, key
from tests.server.storage.builders import commit

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, db_name: str) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MONGO_DB", db_name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """Three lists of two nodes, ten minutes apart."""
    folder = tmp_path / "lists"
    folder.mkdir()
    for number in range(3):
        at = AT + 600 * number
        nodes = [
            {
                "address": f"45.1.2.{node}:9001",
                "pubkey": key(node),
                "version": "0.8.0",
                "last_seen_timestamp": at - 3,
                "is_public": True,
                "rpc_port": 6000,
                "uptime": 1_000 + 600 * number,
                "storage_committed": 2**30,
                "storage_used": 2**20,
                "storage_usage_percent": 0.0977,
            }
            for node in (1, 2)
        ]
        (folder / f"{number}.json").write_text(json.dumps({"updatedAt": at, "nodes": nodes}), encoding="utf-8")
    return folder


async def _kept(uri: str, database: str) -> int:
    mongo = Mongo(uri, database)
    found = await mongo.database["history"].count_documents({})
    await mongo.close()
    return found


def test_into_a_given_store(
    lists: Path, mongo_uri: str, db_name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    assert cli.main(["import", str(lists)]) == 0
    assert "3 lists imported, as 3 slots" in capsys.readouterr().out
    assert asyncio.run(_kept(mongo_uri, db_name)) > 0
    assert cli.main(["import", str(lists)]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "0 lists imported, as 0 slots",
        "3 skipped: an earlier import has filled their hours",
    ]


def test_it_is_told_what_was_left_out_of_each_file_and_why() -> None:
    recording = Recording(AT, None, [None, 7, {}, {}], {"pod_credits": 2})
    reply = SeedReply(
        "s", "s", AT, observations=(), dropped={"pod:not_an_object": 2, "pod:address": 1, "field:uptime": 1}
    )
    findings = Findings().adding(Path("a.json"), recording, reply)
    assert list(summary(Imported(1, 1, findings=findings))) == [
        "1 list imported, as 1 slot",
        "a.json: 3 rows left out (not an object 2, address 1); 1 value taken as not known (uptime 1), of 4 in the list",
        "ignored keys, which no pod sends: pod_credits",
    ]


def test_of_many_odd_files_the_first_are_told_and_the_others_counted() -> None:
    findings = Findings()
    reply = SeedReply("s", "s", AT, observations=(), dropped={"pod:address": 1})
    for number in range(MAX_FILES + 3):
        findings = findings.adding(Path(f"{number}.json"), Recording(AT, None, [{}]), reply)
    lines = list(summary(Imported(1, 1, findings=findings)))
    assert len(lines) == 1 + MAX_FILES + 1
    assert lines[-1] == "3 more files had such rows or values; in all files: 23 rows left out (address 23)"


@pytest.mark.parametrize(
    ("spacing", "interval", "said"),
    [(1_200, 60, True), (60, 60, False), (61, 60, False), (30, 60, True), (90_000, 3_600, False)],
)
def test_it_is_told_where_slots_do_not_fit_the_lists(spacing: int, interval: int, *, said: bool) -> None:
    lines = list(spacing_hint(Imported(3, 3, spacing=spacing), interval))
    assert any(f"the lists are some {spacing} s apart" in line and "CACHE_TTL" in line for line in lines) is said


def test_the_hint_comes_before_anything_is_written(
    lists: Path, mongo_uri: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    assert cli.main(["import", str(lists)]) == 0
    _, hint, how, *summary = capsys.readouterr().out.splitlines()
    assert "the lists are some 600 s apart" in hint
    assert "Ctrl-C" in how
    assert summary == ["3 lists imported, as 3 slots"]


@pytest.mark.whole
def test_into_stores_of_its_own(lists: Path, tmp_path: Path, db_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert cli.main(["import", str(lists), "--data-dir", str(data)]) == 0
    assert f"into the stores of {data / 'devnet'}" in capsys.readouterr().out
    with hold_folder(data / "devnet"):
        stores = EmbeddedStores(data / "devnet" / "stores").start()
        try:
            assert asyncio.run(_kept(stores.mongo_uri, db_name)) > 0
        finally:
            assert stores.stop() == 0


def test_into_the_stores_of_a_run_that_holds_the_folder(
    lists: Path, tmp_path: Path, mongo_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "devnet"
    with hold_folder(folder):
        note_stores(folder, {"mongo_uri": mongo_uri})
        assert cli.main(["import", str(lists)]) == 0
        assert f"into the running stores of {folder}" in capsys.readouterr().out
        forget_stores(folder)
        assert cli.main(["import", str(lists)]) == 1
        assert f"is in use by process {os.getpid()}" in capsys.readouterr().out


def test_what_is_no_list_is_named(tmp_path: Path, mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    assert cli.main(["import", str(broken)]) == 2
    assert cli.main(["import", str(tmp_path / "nowhere.json")]) == 2


def test_a_note_that_is_missing_or_damaged_is_none(tmp_path: Path) -> None:
    assert noted_stores(tmp_path) is None
    (tmp_path / "stores.json").write_text("{", encoding="utf-8")
    assert noted_stores(tmp_path) is None


async def _hold_network(uri: str, database: str) -> None:
    """Commit a snapshot of the network devnet."""
    mongo = Mongo(uri, database)
    store = MongoSnapshotStore(mongo)
    lease = await store.acquire("worker", 0.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(AT + 86_400, 2))
    await mongo.close()


def test_lists_are_refused_if_the_store_holds_another_network(
    lists: Path, mongo_uri: str, db_name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_hold_network(mongo_uri, db_name))
    kept = asyncio.run(_kept(mongo_uri, db_name))
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("NETWORK", "trynet")

    assert cli.main(["import", str(lists)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "the store holds snapshots of the network devnet, and NETWORK is trynet: "
        "use another MONGO_DB, or set NETWORK=devnet"
    )
    assert asyncio.run(_kept(mongo_uri, db_name)) == kept


def test_lists_of_the_network_of_the_store_are_imported(
    lists: Path, mongo_uri: str, db_name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_hold_network(mongo_uri, db_name))
    monkeypatch.setenv("MONGO_URI", mongo_uri)

    assert cli.main(["import", str(lists)]) == 0
    assert "3 lists imported, as 3 slots" in capsys.readouterr().out


def test_lists_are_refused_if_those_before_were_of_another_network(
    lists: Path, mongo_uri: str, db_name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    assert cli.main(["import", str(lists)]) == 0
    kept = asyncio.run(_kept(mongo_uri, db_name))
    monkeypatch.setenv("NETWORK", "trynet")
    capsys.readouterr()

    assert cli.main(["import", str(lists)]) == 1
    assert "the store holds snapshots of the network devnet" in capsys.readouterr().out
    assert asyncio.run(_kept(mongo_uri, db_name)) == kept
