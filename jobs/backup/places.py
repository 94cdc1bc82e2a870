"""Where a backup is written or read: a file that appears only when complete, or the standard streams for `-`."""

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
    """Open a stream to write a backup to. Only this user can read the file, which gets its name when it is complete.

    Raises BackupError for an existing file, unless `force` is set, and for a terminal. Raises OSError as the system
    does.
    """
    if place == STREAM:
        if sys.stdout.isatty():
            raise BackupError("a backup cannot be written to a terminal: give a file, or redirect stdout")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    file = Path(place)
    if file.exists() and not force:
        raise BackupError(f"the file {file} exists: --force replaces it")
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
    """Open a stream to read a backup from. Raises BackupError for a terminal, and OSError as the system does."""
    if place == STREAM:
        if sys.stdin.isatty():
            raise BackupError("a backup cannot be read from a terminal: give a file, or redirect stdin")
        yield sys.stdin.buffer
        return
    with Path(place).open("rb") as source:
        yield source
