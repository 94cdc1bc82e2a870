"""The MongoDB documents, which contain the domain's records or encoded payloads of them.

| collection | `_id` | holds |
|---|---|---|
| `head` | `head` | the lease, the marker of the newest committed slot, the worker's report |
| `snapshots` | slot | the markers of all kept slots |
| `chunks` | `SLOT-TOKEN-nodes-DIGEST-I` | the nodes of a slot |
| `carried` | `SLOT-TOKEN-KIND-DIGEST-I` | data of the newest slots for the next cycle or a repetition |
| `registry` | node id | everything that accumulates about a node |
| `history` | resolution, period and subject | the buckets of a subject in one period |
| `events` | slot and index in one number | the log of events |
| `event_days` | UTC year | the number of events of each type on its closed days |
| `enrichment` | source | the last data of a source other than gossip, and its state |
| `upkeep` | job | the progress of the jobs that maintain the history |

Field names are our own. Untrusted input is a value or part of a payload, never a key.
"""

from typing import Any, ClassVar, cast

from beanie import Document
from pydantic import Field, create_model
from pymongo import ASCENDING, DESCENDING, IndexModel

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.history.points import Resolution
from schema.domain.network.enrichment import SourceState
from schema.domain.node.registry import RegistryEntry
from schema.reads import CollectorState
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress

HEAD_ID = "head"
# The newest format of the blocks in a document. The first had the columns of all metrics in one list and is still read.
BLOCK_ENCODING = 2


class ChunkRef(Record):
    """The location of the chunks of one payload. `digest` is the SHA-256 (hex) over all bodies, in order."""

    slot: Slot
    token: int
    kind: str
    chunks: int
    records: int
    digest: str

    @property
    def ids(self) -> list[str]:
        """The keys of the chunks. They are derived from the content, so other writes never change it."""
        return [f"{self.slot}-{self.token}-{self.kind}-{self.digest[:16]}-{i}" for i in range(self.chunks)]


class Marker(Record):
    """A snapshot as its header (payload) and the location of its nodes. The nodes are packed relative to those of
    `base`."""

    encoding: int
    slot: Slot
    header: bytes
    nodes: ChunkRef
    base: ChunkRef | None = None


class Carried(Record):
    """The data that a commit passes to the next cycle, and to a process that has to repeat its last steps."""

    encoding: int
    memory: ChunkRef
    registry: ChunkRef
    events: ChunkRef


class StoredDocument(Document):
    """A document with a key of our own."""

    id: Any = None


class HeadDocument(StoredDocument):
    """The one document whose update commits a slot. `lease_until` is in unix seconds by the workers' clocks.

    `document_version` is None in a store that no release with `server.storage.migrations` has written to yet.
    """

    id: str = HEAD_ID
    token: int
    holder: str
    lease_until: float
    committed_slot: Slot | None = None
    marker: Marker | None = None
    carried: Carried | None = None
    collector: CollectorState | None = None
    document_version: int | None = None

    class Settings:
        name = "head"


class SnapshotDocument(StoredDocument):
    """A kept slot. `pinned` exempts it from retention.

    The index repeats the key because the embedded engine reads every document for a range of `_id`.
    """

    id: Slot = 0
    marker: Marker
    pinned: bool = False

    class Settings:
        name = "snapshots"
        indexes: ClassVar = [IndexModel([("marker.slot", ASCENDING)], name="slot")]


class StoredChunk(StoredDocument):
    """A packed piece of a payload. `written` is the time in unix seconds, because a recent chunk may not have its
    marker yet."""

    id: str = ""
    slot: Slot
    written: UnixSeconds
    body: bytes


class ChunkDocument(StoredChunk):
    """A chunk that is kept with its snapshot."""

    class Settings:
        name = "chunks"
        indexes: ClassVar = [IndexModel([("slot", ASCENDING)], name="slot")]


class CarriedDocument(StoredChunk):
    """A chunk that is deleted two slots later."""

    class Settings:
        name = "carried"
        indexes: ClassVar = [IndexModel([("slot", ASCENDING)], name="slot")]


class RegistryDocument(StoredDocument):
    """A node's entry. `keys` are its id, its pubkey and all its addresses; `seen` is its last contact.

    `token` belongs to the lease under which it was written. A writer with an older one never overwrites it.
    """

    id: str = ""
    token: int
    keys: list[str]
    seen: UnixSeconds
    entry: RegistryEntry

    class Settings:
        name = "registry"
        indexes: ClassVar = [
            IndexModel([("keys", ASCENDING)], name="keys"),
            IndexModel([("seen", DESCENDING), ("entry.address", ASCENDING), ("_id", ASCENDING)], name="contact"),
        ]


class HistoryDocument(StoredDocument):
    """One subject's buckets of one resolution in one period (its UTC start).

    `expires` is the resolution whose retention applies, or None if the document is kept permanently. `samples` counts
    raw samples: in D1 by day, and in H1 by hour for the days that are not closed.
    """

    id: str = ""
    resolution: Resolution
    period: UnixSeconds
    expires: Resolution | None = None
    encoding: int = BLOCK_ENCODING
    samples: dict[str, int] = Field(default_factory=dict[str, int])
    parts: dict[str, bytes] = Field(default_factory=dict[str, bytes])

    class Settings:
        name = "history"
        indexes: ClassVar = [
            IndexModel([("resolution", ASCENDING), ("period", ASCENDING)], name="period"),
            IndexModel([("expires", ASCENDING), ("period", ASCENDING)], name="expires"),
        ]


class EventDocument(StoredDocument):
    """An event. `pinned` exempts it from retention.

    Each index covers one kind of query completely. The embedded engine finds a range after equalities fast, but not a
    range after several alternatives, or one of `_id`, for which it reads everything.
    """

    id: int = 0
    slot: Slot
    index: int
    at: UnixSeconds
    type: str
    subject: str
    address: str | None = None
    before: str | None = None
    after: str | None = None
    pinned: bool = False

    class Settings:
        name = "events"
        indexes: ClassVar = [
            IndexModel([("slot", ASCENDING), ("index", ASCENDING)], name="slot"),
            IndexModel([("type", ASCENDING), ("slot", ASCENDING), ("index", ASCENDING)], name="type"),
            IndexModel([("subject", ASCENDING), ("slot", ASCENDING), ("index", ASCENDING)], name="subject"),
            IndexModel([("pinned", ASCENDING), ("slot", ASCENDING)], name="pinned"),
        ]


class EventDaysDocument(StoredDocument):
    """The number of events of each type on the closed days of a UTC year: `days` maps `dDAY` to counts."""

    id: int = 0
    days: dict[str, dict[str, int]] = Field(default_factory=dict[str, dict[str, int]])

    class Settings:
        name = "event_days"


class EnrichmentDocument(StoredDocument):
    """The last data of a source: its state, and its rows as a JSON array of arrays (`null` before the first
    response)."""

    id: str = ""
    state: SourceState
    rows: bytes = b"null"

    class Settings:
        name = "enrichment"


class UpkeepDocument(StoredDocument):
    """One job's progress."""

    id: str = ""
    rollup: RollupProgress | None = None
    retention: RetentionProgress | None = None
    imports: list[ImportedRange] | None = None

    class Settings:
        name = "upkeep"


# Every document class of the database. A class that is missing here is not bound, and has no indexes. Beanie never
# binds these classes themselves: each connection has copies of them.
MODELS: tuple[type[StoredDocument], ...] = (
    HeadDocument,
    SnapshotDocument,
    ChunkDocument,
    CarriedDocument,
    RegistryDocument,
    HistoryDocument,
    EventDocument,
    EventDaysDocument,
    UpkeepDocument,
    EnrichmentDocument,
)


def unbound_copy(model: type[StoredDocument]) -> type[Document]:
    """A document class with the same fields and settings, for one connection.

    Beanie binds a class to one database, together with its parent classes. So the copy is no subclass.
    """
    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in model.model_fields.items()}
    copy = create_model(model.__name__, __base__=Document, __module__=model.__module__, __doc__=model.__doc__, **fields)
    cast("Any", copy).Settings = cast("Any", model).Settings
    return copy


def collection_name(model: type[StoredDocument]) -> str:
    return cast("Any", model).Settings.name
