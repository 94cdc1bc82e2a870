"""Detects when the embedded engine must be restarted: it still listens, but every request fails.

If a write finds no space on the disk, WiredTiger fails permanently within a process that keeps running and answers
pings. Only a restart repairs it, and only once there is space again: before that, it could not recover its journal.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

LOOK_SECONDS = 3.0
PATIENCE_SECONDS = 2.0
ROOM_BYTES = 2**20
ROOM_FILE = "room"


class EngineWatch:
    """Checks the engine at `uri`, whose data is in `folder`, every few seconds."""

    def __init__(self, uri: str, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            uri, serverSelectionTimeoutMS=PATIENCE_SECONDS * 1_000, timeoutMS=PATIENCE_SECONDS * 1_000
        )
        self._folder = folder
        self._clock = clock
        self._next = clock() + LOOK_SECONDS

    def must_restart(self) -> bool:
        """Whether the engine has failed and there is space to restart it. Checks at most every few seconds."""
        if self._clock() < self._next:
            return False
        failed = self._failed()
        self._next = self._clock() + LOOK_SECONDS
        return failed and has_room(self._folder)

    def close(self) -> None:
        self._client.close()

    def _failed(self) -> bool:
        try:
            self._client["admin"]["watch"].find_one()
        except OperationFailure:
            return True
        except PyMongoError:
            pass  # slow or busy: it may still serve other clients
        return False


def has_room(folder: Path) -> bool:
    """Whether a file can still be written there."""
    place = folder / ROOM_FILE
    try:
        with place.open("wb") as file:
            file.write(bytes(ROOM_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            place.unlink(missing_ok=True)
    return True
