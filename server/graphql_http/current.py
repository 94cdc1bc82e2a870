"""Reads of the current snapshot alone, for operations that must not wait."""

from typing import NoReturn, cast

from schema.domain.base import Slot, UnixSeconds
from schema.domain.snapshot.record import Snapshot
from schema.reads import Reads


class MustWait(Exception):
    """The operation needs more than the current snapshot, so it has to wait for the store."""


class CurrentReads:
    """The reads of an operation that runs at once. Whatever could wait raises MustWait before anything is started.

    A read that was started and then abandoned would leave tasks of the store's driver behind.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def current(self) -> Snapshot:
        return self._snapshot

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        if as_of is not None:
            raise MustWait("asOf")
        return self._snapshot

    async def snapshot_at(self, slot: Slot) -> Snapshot:
        if slot != self._snapshot.slot:
            raise MustWait("the slot of a cursor")
        return self._snapshot

    def __getattr__(self, name: str) -> NoReturn:
        raise MustWait(name)


def current_reads(snapshot: Snapshot) -> Reads:
    """All `Reads` of this snapshot that wait for nothing."""
    return cast("Reads", CurrentReads(snapshot))
