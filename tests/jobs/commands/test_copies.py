"""`pnodes backup`, `restore` and `move` as commands: files, pipes, the embedded store, and their output."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pymongo
import pytest

from tests.nightly import cases
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY
from tests.server.storage.old_stores import SLOTS, documents_of

pytestmark = pytest.mark.stack

NEWEST = "2027-01-15T10:40:00Z"


class Pnodes:
    """The command with its own environment."""

    def __init__(self, **env: str) -> None:
        self.env: Mapping[str, str] = {"PATH": os.environ["PATH"], **env}

    def __call__(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            (sys.executable, "-m", "jobs", *arguments),
            cwd=REPOSITORY,
            env=self.env,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


def fill(mongo_uri: str, db_name: str, version: int) -> None:
    with pymongo.MongoClient(mongo_uri) as client:
        for name, documents in documents_of(version).items():
            client[db_name][name].insert_many(documents)


def slots_of(mongo_uri: str, db_name: str) -> list[int]:
    with pymongo.MongoClient(mongo_uri) as client:
        return sorted(document["_id"] for document in client[db_name]["snapshots"].find({}, {"_id": 1}))


def test_a_backup_goes_through_pipes(mongo_uri: str, db_name: str) -> None:
    fill(mongo_uri, db_name, 3)
    taken = Pnodes(MONGO_URI=mongo_uri, MONGO_DB=db_name)("backup", "-")
    assert taken.returncode == 0, taken.stderr
    assert taken.stderr.decode().splitlines()[-1].startswith(f"backup up to slot {NEWEST}: 78 documents, ")
    there = Pnodes(MONGO_URI=mongo_uri, MONGO_DB=f"{db_name}_b")
    put = there("restore", "-", stdin=taken.stdout)
    assert put.returncode == 0, put.stderr
    assert put.stdout == b""
    assert put.stderr.decode().splitlines()[-1].startswith(f"restored up to slot {NEWEST}: 78 documents, ")
    assert slots_of(mongo_uri, f"{db_name}_b") == list(SLOTS)
    again = there("restore", "-", stdin=taken.stdout)
    assert again.returncode == 1
    assert again.stderr.decode().splitlines()[-1] == (
        f"the database {db_name}_b has data in head, up to slot {NEWEST}: expected an empty one; "
        "--force replaces what is there"
    )


@pytest.mark.whole
def test_an_embedded_store_is_backed_up_restored_and_moved(mongo_uri: str, db_name: str, tmp_path: Path) -> None:
    fill(mongo_uri, db_name, 3)
    file, folder = str(tmp_path / "b"), str(tmp_path / "data")
    assert Pnodes(MONGO_URI=mongo_uri, MONGO_DB=db_name)("backup", file).returncode == 0
    embedded = Pnodes(MONGO_DB=db_name)
    put = embedded("restore", file, "--data-dir", folder)
    assert put.returncode == 0, put.stderr
    assert f"into the stores of {folder}/devnet" in put.stderr.decode()
    moved = embedded("move", "--to", mongo_uri, "--to-db", f"{db_name}_c", "--data-dir", folder)
    assert moved.returncode == 0, moved.stderr
    assert moved.stderr.decode().splitlines()[-3:] == [
        f"moved and compared up to slot {NEWEST}; nothing was changed where it came from",
        "to move the slots since: stop collecting, and give this command once more",
        f"then set MONGO_URI={mongo_uri} and MONGO_DB={db_name}_c and start",
    ]
    assert slots_of(mongo_uri, f"{db_name}_c") == list(SLOTS)


@pytest.mark.parametrize(
    "case",
    cases(
        ("nothing to restore", (("restore", "nowhere"), 1, "nowhere: No such file or directory")),
        ("no backup", (("restore", "README.md"), 1, "this is not a backup of pnodes, or it is damaged")),
        ("nothing on stdin", (("restore", "-"), 1, "this is not a backup of pnodes")),
        ("a file in the way", (("backup", "README.md"), 1, "the file README.md exists: --force replaces it")),
        ("no folder", (("backup", "nowhere/b"), 1, "nowhere/b.part: No such file or directory")),
        (
            "a bad URI",
            (
                ("move", "--to", "mongodb://127.0.0.1:1/?x"),
                2,
                "--to mongodb://***: MongoDB URI options are key=value pairs",
            ),
        ),
        always={"no backup", "a file in the way", "no folder", "a bad URI"},
    ),
)
def test_what_cannot_be_done_is_said_in_one_line(
    mongo_uri: str, db_name: str, case: tuple[tuple[str, ...], int, str]
) -> None:
    arguments, status, said = case
    done = Pnodes(MONGO_URI=mongo_uri, MONGO_DB=db_name)(*arguments)
    assert done.returncode == status
    lines = [line for line in done.stderr.decode().splitlines() if not line.startswith(("from mongodb://", "{"))]
    assert len(lines) == 1
    assert lines[0].startswith(said)


def test_a_store_that_is_away_is_named_with_its_reason(tmp_path: Path) -> None:
    done = Pnodes(MONGO_URI="mongodb://127.0.0.1:1/")("backup", str(tmp_path / "b"))
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].startswith("the store does not answer: the connection is refused")
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_not_moved_onto_itself(mongo_uri: str, db_name: str) -> None:
    fill(mongo_uri, db_name, 3)
    done = Pnodes(MONGO_URI=mongo_uri, MONGO_DB=db_name)("move", "--to", mongo_uri)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "--to is the store itself: expected another server or database"
