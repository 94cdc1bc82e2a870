"""What a backup holds, and what copying a store asks of it. Implemented by `server.storage.backup`.

A store is copied at one moment, that of a commit. Its state (head, memory, registry, progress of upkeep) changes with
each commit, so it is read first, and again if a commit came in between. The past before that moment does not change,
apart from what retention removes, and is read after it, for as long as it takes.
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
    """The end of a backup, by which it is known to be whole."""

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
        """What changes with each commit. With `since`, of the registry only the entries of that slot and later."""
        ...

    def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        """What was committed up to a moment, after its state was read. With `since`, what came after that slot."""
        ...


class MoveSource(BackupSource, Protocol):
    """A store that is carried over."""

    async def has(self, moment: Moment) -> bool:
        """Whether a commit, of a copy for instance, was made in this store and is kept."""
        ...


class BackupSink(Protocol):
    """Where a copy goes."""

    async def put(self, batch: Batch) -> None: ...

    async def again(self) -> None:
        """Forget what was put: the copy begins anew."""
        ...


class BackupTarget(BackupSink, Protocol):
    """A store that is filled. What is put stays invisible until it is published."""

    async def begin(self, *, force: bool) -> None:
        """Take the lease of the store. Raises BackupError if a worker uses it, or without `force` if it has data."""
        ...

    async def publish(self, manifest: Manifest) -> None:
        """Replace what the store holds by what was put, after counting it. Raises BackupError."""
        ...

    async def leave(self) -> None:
        """Give the lease back, and remove what was put and not published."""
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
        """Put documents in the place of those that are published, by their keys; a head waits for `advance`."""
        ...

    async def advance(self) -> None:
        """Publish the head of what was overlaid."""
        ...

    def lacking(self, source_moment: Moment) -> AsyncIterator[Batch]:
        """The documents that it lacks of what the source has committed up to a moment."""
        ...
