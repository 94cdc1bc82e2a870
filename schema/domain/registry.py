"""The registry: what stays known of a node after it has left the snapshots."""

from schema.domain.base import Record, Slot, UnixSeconds


class RegistryEntry(Record):
    """What accumulates about one node, for as long as the store lives; `last_known` are its last measurements."""

    id: str
    address: str
    pubkey: str | None
    addresses: tuple[str, ...]
    first_seen: UnixSeconds
    last_seen: UnixSeconds | None
    appearances: int
    disappearances: int
    last_appearance: UnixSeconds | None = None
    last_drop: UnixSeconds | None = None
    source_ips: tuple[str, ...] = ()
    version: str | None = None
    is_public: bool | None = None
    rpc_port: int | None = None
    uptime: int | None = None
    storage_committed: int | None = None
    storage_used: int | None = None
    storage_usage_percent: float | None = None
    updated_slot: Slot
