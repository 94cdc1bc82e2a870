"""What MongoDB holds: documents that contain the domain's records, or encoded payloads of them.

| collection | `_id` | holds |
|---|---|---|
| `head` | `head` | the lease, the marker of the newest committed slot, the worker's report |
| `snapshots` | slot | the markers of all kept slots |
| `chunks` | `SLOT-TOKEN-nodes-DIGEST-I` | the nodes of a slot |
| `carried` | `SLOT-TOKEN-KIND-DIGEST-I` | what the next cycle, or a repetition, needs of the newest slots |
| `registry` | node id | everything that accumulates about a node |
| `history` | resolution, period and subject | the buckets of a subject in one period |
| `events` | slot and index in one number | the log of events |
| `event_days` | UTC year | how many events of each type its closed days have |
| `enrichment` | source | what a source besides gossip gave last, and how it does |
| `upkeep` | job | how far the jobs that look after the past have come |

Field names are our own. Untrusted input is a value or part of a payload, never a key.
"""

from typing import Any, ClassVar, cast

from beanie import Document
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.collection import AsyncCollection

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.history.points import Resolution
from schema.domain.network.enrichment import SourceState
from schema.domain.node.registry import RegistryEntry
from schema.reads import CollectorState
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress

HEAD_ID = "head"
# Names the newest form of block in a document. The first had the columns of all metrics in one list; it is still read.
BLOCK_ENCODING = 2


class ChunkRef(Record):
    """Where the chunks of one payload lie. `digest` is the SHA-256 (hex) over all bodies, in order."""

    slot: Slot
    token: int
    kind: str
    chunks: int
    records: int
    digest: str

    @property
    def ids(self) -> list[str]:
        """The keys of the chunks. They name their content: whatever else is written never changes it."""
        return [f"{self.slot}-{self.token}-{self.kind}-{self.digest[:16]}-{i}" for i in range(self.chunks)]


class Marker(Record):
    """A snapshot as its header (payload) and the place of its nodes; `base` are the nodes that these are packed against."""

    encoding: int
    slot: Slot
    header: bytes
    nodes: ChunkRef
    base: ChunkRef | None = None


class Carried(Record):
    """What a commit leaves to the next cycle, and to whoever has to repeat its last steps."""

    encoding: int
    memory: ChunkRef
    registry: ChunkRef
    events: ChunkRef


class StoredDocument(Document):
    """A document with a key of our own choice, and its collection as the driver has it: for bulks and conditions."""

    id: Any = None

    @classmethod
    def collection(cls) -> AsyncCollection[dict[str, Any]]:
        return cast("AsyncCollection[dict[str, Any]]", cls.get_pymongo_collection())  # pyright: ignore[reportUnknownMemberType]  (Beanie leaves the type open)


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
    """A piece of a payload, packed. `written` is when, in unix seconds: what is fresh may still lack its marker."""

    id: str = ""
    slot: Slot
    written: UnixSeconds
    body: bytes


class ChunkDocument(StoredChunk):
    """A piece of what is kept."""

    class Settings:
        name = "chunks"
        indexes: ClassVar = [IndexModel([("slot", ASCENDING)], name="slot")]


class CarriedDocument(StoredChunk):
    """A piece of what is dropped two slots later."""

    class Settings:
        name = "carried"
        indexes: ClassVar = [IndexModel([("slot", ASCENDING)], name="slot")]


class RegistryDocument(StoredDocument):
    """A node's entry. `keys` are its id, its pubkey and all its addresses; `seen` is its last contact.

    `token` is of the lease under which it was written: an older one never overwrites it.
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

    `expires` is the resolution whose retention applies, None for what is kept for good. `samples` counts raw samples,
    in D1 by day, and in H1 by hour for the days that are not closed.
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

    Each index fits one kind of question whole. The embedded engine finds a range behind equalities fast, but neither
    one behind several alternatives nor one of `_id`, for which it reads everything.
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
    """How many events of each type the closed days of a UTC year have: `days` maps `dDAY` to counts."""

    id: int = 0
    days: dict[str, dict[str, int]] = Field(default_factory=dict[str, dict[str, int]])

    class Settings:
        name = "event_days"


class EnrichmentDocument(StoredDocument):
    """What a source gave last: its state, and its rows as a JSON array of arrays (`null` before the first answer)."""

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


# Every document that the database holds; one that is not named here is not bound, and has no indexes.
MODELS: tuple[type[Document], ...] = (
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
