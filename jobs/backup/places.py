"""Where a backup lies: a file that appears whole or not at all, or the standard streams for `-`."""

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from schema.backup import BackupError

STREAM = "-"
PART = ".part"
PRIVATE = 0o600


@contextlib.contextmanager
def written_to(place: str, *, force: bool) -> Generator[BinaryIO]:
    """A stream to write a backup to. Only this user can read the file, which has its name once it is whole.

    Raises BackupError for a file that exists, unless `force` is set, and for a terminal; OSError as the system does.
    """
    if place == STREAM:
        if sys.stdout.isatty():
            raise BackupError("a backup is not for a terminal: give a file, or send - to one")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    file = Path(place)
    if file.exists() and not force:
        raise BackupError(f"there is a file {file}: --force replaces it")
    part = file.with_name(file.name + PART)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def read_from(place: str) -> Generator[BinaryIO]:
    """A stream to read a backup from. Raises BackupError for a terminal; OSError as the system does."""
    if place == STREAM:
        if sys.stdin.isatty():
            raise BackupError("a backup does not come from a terminal: give a file, or send one to -")
        yield sys.stdin.buffer
        return
    with Path(place).open("rb") as source:
        yield source
