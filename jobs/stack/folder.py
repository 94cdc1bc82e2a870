"""The data folder of a run: held by one run at a time, with a file that records where its stores listen."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

import orjson

LOCK_FILE = "up.lock"
NOTE_FILE = "stores.json"


class InUse(Exception):
    """Another process holds the folder. The message is for people."""


def hold_folder(folder: Path, lock_file: str = LOCK_FILE) -> IO[str]:
    """Create the folder if needed, and hold it for this process until the file is closed. The file has our process id.

    Raises InUse if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / lock_file).open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read(20).strip() or "unknown"
        lock.close()
        raise InUse(
            f"{folder} is in use by process {owner}: stop it first, or choose another data folder (--data-dir)"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def note_stores(folder: Path, at: Mapping[str, Any]) -> None:
    """Record where the stores of the run that holds the folder listen. Only this user can read the file."""
    write_private(folder / NOTE_FILE, at)


def forget_stores(folder: Path) -> None:
    (folder / NOTE_FILE).unlink(missing_ok=True)


def noted_stores(folder: Path) -> Mapping[str, Any] | None:
    """Where the stores of the run that holds the folder listen. None if it has no embedded stores."""
    try:
        return cast("dict[str, Any]", orjson.loads((folder / NOTE_FILE).read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None


def write_private(place: Path, value: Mapping[str, Any]) -> None:
    """Write a file that only this user can read or change."""
    place.unlink(missing_ok=True)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(value))
