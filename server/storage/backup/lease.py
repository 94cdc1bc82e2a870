"""The lease of a store that receives a copy. While it is held, no worker commits.

It is taken without checking the version of the documents, which the copy will replace.
"""

import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from schema.backup import BackupError
from server.storage.documents import HEAD_ID

LEASE_SECONDS = 120.0
LOOK_SECONDS = 1.0


class CopyLease:
    """One copy's lease on the head in `heads`. `note` gets a message for people if it has to wait."""

    def __init__(
        self,
        heads: AsyncCollection[dict[str, Any]],
        *,
        note: Callable[[str], None],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._heads = heads
        self._note = note
        self._clock = clock
        self._sleep = sleep
        self._renew_at = 0.0
        self.holder = f"copy:{socket.gethostname()}:{secrets.token_hex(4)}"

    async def take(self) -> None:
        """Wait until the lease of a stopped worker has ended. Raises BackupError if a worker renews it."""
        held_until: float | None = None
        while not await self._taken():
            head = await self._heads.find_one({"_id": HEAD_ID}, {"holder": 1, "lease_until": 1})
            if head is None:
                continue
            if held_until is None:
                held_until = head["lease_until"]
                left = max(0, round(head["lease_until"] - self._clock()))
                self._note(f"waits {left} s for the lease of {head['holder']} to end")
            elif head["lease_until"] != held_until:
                raise BackupError(f"this store is in use by the worker {head['holder']}: stop all workers first")
            await self._sleep(LOOK_SECONDS)

    async def renew(self, *, now: bool = False) -> None:
        """Renew the lease if half of it is over or `now` is set. Raises BackupError if a worker has taken it."""
        if (now or self._clock() >= self._renew_at) and not await self._taken():
            raise BackupError("a worker took the lease of the store: stop all workers, and begin again")

    async def give_back(self) -> None:
        """Release the lease, so that the next worker can take it at once."""
        await self._heads.update_one(
            {"_id": HEAD_ID, "holder": self.holder}, {"$set": {"holder": "", "lease_until": 0.0}}
        )

    async def _taken(self) -> bool:
        now = self._clock()
        lease = {"holder": self.holder, "lease_until": now + LEASE_SECONDS}
        self._renew_at = now + LEASE_SECONDS / 2
        renewed = await self._heads.update_one({"_id": HEAD_ID, "holder": self.holder}, {"$set": lease})
        if renewed.matched_count:
            return True
        free = {"_id": HEAD_ID, "lease_until": {"$lte": now}}
        taken = await self._heads.update_one(free, {"$set": lease, "$inc": {"token": 1}})
        if taken.matched_count:
            return True
        try:
            await self._heads.insert_one({"_id": HEAD_ID, "token": 1, **lease})
        except DuplicateKeyError:
            return False
        return True
