"""The replies of seeds, after validation and before anything is decided from them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.failure import Failure

# Every seed lists the same addresses, in every cycle.
_REMEMBERED_ADDRESSES = 65_536

NO_ADDRESS = ""
"""Stands for an address that is not an IP address with a port. The node is then known by its key."""


class Observation(NamedTuple):
    """One pod as listed by one seed. Every field except the address may be unknown. `NO_ADDRESS` requires a key.

    `last_seen` is in unix seconds by the seed's clock; sizes are in bytes, `uptime` in seconds, the percentage in
    0..100. `pubkey` is None if the key is null or does not decode to 32 bytes. `invalid` names the fields that the seed
    sent and validation dropped.
    """

    address: str
    pubkey: str | None = None
    version: str | None = None
    last_seen: int | None = None
    is_public: bool | None = None
    rpc_port: int | None = None
    uptime: int | None = None
    storage_committed: int | None = None
    storage_used: int | None = None
    storage_usage_percent: float | None = None
    invalid: tuple[str, ...] = ()


class PodStats(Record):
    """A seed's answer to get-stats: figures about itself. `packets_*` are cumulative since its start."""

    cpu_percent: float | None = None
    ram_used: int | None = None
    ram_total: int | None = None
    uptime: int | None = None
    packets_received: int | None = None
    packets_sent: int | None = None
    active_streams: int | None = None
    file_size: int | None = None
    total_bytes: int | None = None
    total_pages: int | None = None
    current_index: int | None = None
    last_updated: UnixSeconds | None = None
    storage_version: int | None = None


class SeedReply(NamedTuple):
    """All answers of one seed in one cycle.

    `seed` is its configured name (`HOST` or `HOST:PORT`), `host` its address without the port. `clock` is the time by
    its own clock (unix seconds) when it answered, None if it did not report one. `failure` is the reason why it
    returned no list; `version` and `stats` may still be known. `observations` is None if and only if there is a
    failure. `has_stats` tells whether the list came from get-pods-with-stats. `dropped` counts what validation dropped,
    by `field` or by `pod`. `latency_ms` is by method. `promoted` marks a public node that is not a configured seed. Its
    list adds nodes that no seed lists, and proves nothing.
    """

    seed: str
    host: str
    answered_at: float
    failure: Failure | None = None
    version: str | None = None
    stats: PodStats | None = None
    observations: tuple[Observation, ...] | None = None
    has_stats: bool = False
    dropped: Mapping[str, int] = {}
    latency_ms: Mapping[str, float] = {}
    clock: float | None = None
    promoted: bool = False


class Listing(NamedTuple):
    """One row of one seed's list.

    `last_seen` is by our clock (corrected by the seed's offset), None if not usable. `future` is set instead if the
    stamp is later than the seed's own time. `relative` marks an address that has a meaning only for the seed.
    """

    seed: str
    last_seen: int | None
    observation: Observation
    relative: bool = False
    future: int | None = None


def one_a_seed(replies: Iterable[SeedReply]) -> list[SeedReply]:
    """One reply for each seed, sorted by seed name. If a seed has several, the newest with a list is kept."""
    chosen: dict[str, SeedReply] = {}
    for reply in replies:
        other = chosen.get(reply.seed)
        if other is None or _reply_rank(reply) > _reply_rank(other):
            chosen[reply.seed] = reply
    return [chosen[seed] for seed in sorted(chosen)]


def _reply_rank(reply: SeedReply) -> tuple[bool, float, list[str]]:
    return (reply.observations is not None, reply.answered_at, sorted(map(repr, reply.observations or ())))


def says_nothing(row: Observation) -> bool:
    """Whether a row has no key, no uptime and no version.

    Pods list a configured entry point that never answered, and peers whose gossip they cannot decode, in such rows,
    often with a fresh contact.
    """
    return row.pubkey is None and row.uptime is None and row.version is None


@lru_cache(maxsize=_REMEMBERED_ADDRESSES)
def host_of(address: str) -> str:
    """The host of `HOST:PORT` (or of a bare host), without the brackets of an IPv6 literal."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.rpartition(":")
    return host if colon and port.isdigit() and ":" not in host else address
