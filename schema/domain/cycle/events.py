"""The shapes of the event log: changes between two snapshots."""

from enum import StrEnum

from schema.domain.base import Record, Slot, UnixSeconds


class EventType(StrEnum):
    """The kind of change to a node or a seed."""

    JOINED = "JOINED"
    LEFT = "LEFT"
    RESTARTED = "RESTARTED"
    VERSION_CHANGED = "VERSION_CHANGED"
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    COMMITTED_CHANGED = "COMMITTED_CHANGED"
    TIER_CHANGED = "TIER_CHANGED"
    STATUS_CHANGED = "STATUS_CHANGED"
    KEY_CONFLICT = "KEY_CONFLICT"
    SEED_UP = "SEED_UP"
    SEED_DOWN = "SEED_DOWN"


class Event(Record):
    """One change, detected at `slot`. `subject` is a node's id or a seed's name; `before` and `after` are texts.

    Its position in the log is (`slot`, `index`), which is also its cursor.
    """

    slot: Slot
    index: int
    at: UnixSeconds
    type: EventType
    subject: str
    address: str | None = None
    before: str | None = None
    after: str | None = None
