"""The content of a backup, and the interface for copying a store. `server.storage.backup` implements it.

A store is copied as of one commit. Its state (head, memory, registry, progress of upkeep) changes with each commit, so
it is read first, and again if a commit came in between. The past before that commit does not change, except for what
retention removes. It is read afterwards, without a time limit.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from schema.domain.base import Record, Slot


class BackupError(Exception):
    """A store cannot be copied, or a backup cannot be restored; the message is for people."""


class Batch(NamedTuple):
    """Documents of one collection, each as its BSON bytes."""

    collection: str
    documents: Sequence[bytes]


class Moment(Record):
    """A commit. `slot` is None if the store has none; `digest` is that of the snapshot's nodes."""

    slot: Slot | None = None
    digest: str | None = None
    document_version: int | None = None


class CollectionSum(Record):
    """The part of a backup for one collection: number of documents, BSON bytes, and their SHA-256 (hex) in order."""

    name: str
    documents: int
    bytes: int
    sha256: str


class Manifest(Record):
    """The end of a backup, which shows that it is complete."""

    moment: Moment
    taken_at: int
    collections: tuple[CollectionSum, ...]

    @property
    def documents(self) -> int:
        return sum(each.documents for each in self.collections)

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.collections)


class BackupSource(Protocol):
    """A store that is read while it is in use. Raises SnapshotUnavailable if it does not answer."""

    async def moment(self) -> Moment:
        """The newest commit. Raises StoreTooNew."""
        ...

    def state(self, since: Slot | None = None) -> AsyncIterator[Batch]:
        """The data that changes with each commit. With `since`, only the registry entries of that slot and later."""
        ...

    def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        """The data committed up to a moment, after its state was read. With `since`, only what came after that slot."""
        ...


class MoveSource(BackupSource, Protocol):
    """A store that is moved."""

    async def has(self, moment: Moment) -> bool:
        """Whether a commit, for instance one of a copy, was made in this store and is kept."""
        ...


class BackupSink(Protocol):
    """The target of a copy."""

    async def put(self, batch: Batch) -> None: ...

    async def again(self) -> None:
        """Discard what was put, because the copy starts again."""
        ...


class BackupTarget(BackupSink, Protocol):
    """A store that is filled. Its data stays invisible until it is published."""

    async def begin(self, *, force: bool) -> None:
        """Take the lease of the store. Raises BackupError if a worker uses it, or without `force` if it has data."""
        ...

    async def publish(self, manifest: Manifest) -> None:
        """Replace the content of the store by what was put, after counting it. Raises BackupError."""
        ...

    async def leave(self) -> None:
        """Return the lease, and remove what was put and not published."""
        ...


class MoveTarget(BackupTarget, Protocol):
    """A store that is filled once, and then follows its source."""

    async def moment(self) -> Moment:
        """The newest commit that was copied."""
        ...

    async def resume(self) -> None:
        """Take the lease of a store that an earlier copy has filled. Raises BackupError if a worker uses it."""
        ...

    async def overlay(self, batch: Batch) -> None:
        """Replace published documents by their keys. A head waits for `advance`."""
        ...

    async def advance(self) -> None:
        """Publish the head that was put."""
        ...

    def lacking(self, source_moment: Moment) -> AsyncIterator[Batch]:
        """The documents that it lacks from those that the source committed up to a moment."""
        ...
