"""From what each seed lists to what the network says of each node.

A node is its public key. Where the key is null or malformed, it is its address, until a key becomes known for that
address. Merging is total (any replies give a result), order-free (no order of replies or rows matters) and idempotent
(a reply seen twice counts once). It decides who is who and who said what; whether a node lives is decided by
`accumulate`, which remembers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.observation import Observation, SeedReply, host_of

DEFAULT_GOSSIP_PORT = 9001
CLOCK_TOLERANCE_SECONDS = 5
# A pod forgets whom it has not heard of for an hour: an older contact is no contact, and moves no first sight.
MAX_CONTACT_AGE_SECONDS = DAY


class Listing(NamedTuple):
    """One row of one seed's list. `last_seen` is by our clock (the seed's lead taken off); None where not usable."""

    seed: str
    last_seen: int | None
    observation: Observation


@dataclass(slots=True)
class MergedNode:
    """All that was said of one node in one cycle; `own` is its own answer, if it is a seed that gave one.

    `listings` are sorted freshest first. `assumed_address` is set for a seed that no other seed lists.
    """

    id: str
    pubkey: str | None
    listings: list[Listing] = field(default_factory=list[Listing])
    own: SeedReply | None = None
    assumed_address: str | None = None


class Merged(NamedTuple):
    """The nodes of a cycle by id, the seeds that gave a list, and how far each seed's clock is ahead (seconds)."""

    nodes: dict[str, MergedNode]
    answered: frozenset[str]
    clock_ahead: dict[str, int]
    seed_nodes: dict[str, str]


def address_id(address: str) -> str:
    """The id of a node whose key is not known."""
    return f"addr:{address}"


def merge(replies: Iterable[SeedReply], known_ids: Mapping[str, str] | None = None) -> Merged:
    """Join the replies of one cycle by node.

    `known_ids` maps addresses to the ids of keyed nodes that earlier cycles saw there: a row without a key joins the
    node that is known under its address. A seed itself is a node too: it joins the one node listed on its host, or
    stands alone under an assumed gossip port.
    """
    by_seed = _unique(replies)
    ahead = {r.seed: clock_ahead(r) for r in by_seed if r.observations is not None}
    listings = [
        listing
        for r in by_seed
        if r.observations is not None
        for listing in _listings(r, r.observations, ahead[r.seed])
    ]
    ids = _ids_by_address(listings, known_ids or {})
    on_host: dict[str, set[str]] = {reply.host: set() for reply in by_seed}
    nodes: dict[str, MergedNode] = {}
    for listing in listings:
        row = listing.observation
        node_id = row.pubkey or ids.get(row.address) or address_id(row.address)
        node = nodes.get(node_id)
        if node is None:
            pubkey = None if node_id.startswith("addr:") else node_id
            node = nodes[node_id] = MergedNode(node_id, pubkey)
        node.listings.append(listing)
        host = host_of(row.address)
        if host in on_host:
            on_host[host].add(node_id)
    for node in nodes.values():
        node.listings.sort(key=freshness, reverse=True)
    seed_nodes = _join_seeds(nodes, by_seed, on_host)
    return Merged(nodes, frozenset(ahead), ahead, seed_nodes)


def freshness(listing: Listing) -> tuple[int, int, str, str, str]:
    """The order in which listings are believed: newest contact first; the rest makes the order total."""
    seed, last_seen, row = listing
    return (
        -1 if last_seen is None else last_seen,
        -1 if row.uptime is None else row.uptime,
        seed,
        row.address,
        row.pubkey or "",
    )


def clock_ahead(reply: SeedReply) -> int:
    """How many seconds a seed's clock is ahead of ours, 0 within the tolerance.

    The median of its time stamps, all of which are about the past, cannot lie in our future unless its clock does; a
    few false stamps do not move it.
    """
    stamps = [row.last_seen for row in reply.observations or () if row.last_seen is not None]
    if not stamps:
        return 0
    lead = int(median_low(stamps) - reply.answered_at)
    return lead if lead > CLOCK_TOLERANCE_SECONDS else 0


def _unique(replies: Iterable[SeedReply]) -> list[SeedReply]:
    """One reply a seed, in the order of seed names; of several, the newest that has a list."""
    chosen: dict[str, SeedReply] = {}
    for reply in replies:
        other = chosen.get(reply.seed)
        if other is None or _reply_rank(reply) > _reply_rank(other):
            chosen[reply.seed] = reply
    return [chosen[seed] for seed in sorted(chosen)]


def _reply_rank(reply: SeedReply) -> tuple[bool, float, list[str]]:
    return (reply.observations is not None, reply.answered_at, sorted(map(repr, reply.observations or ())))


def _listings(reply: SeedReply, rows: Sequence[Observation], ahead: int) -> list[Listing]:
    """The rows of one reply, one an address and key, with last contacts moved to our clock."""
    newest = int(reply.answered_at)
    oldest = newest - MAX_CONTACT_AGE_SECONDS
    listings: list[Listing] = []
    for row in rows:
        seen = row.last_seen
        if seen is not None:
            seen -= ahead
            # A contact in the future proves nothing, and must not keep a node alive for ever.
            seen = min(seen, newest) if oldest <= seen <= newest + CLOCK_TOLERANCE_SECONDS else None
        listings.append(Listing(reply.seed, seen, row))
    if len({row.address for row in rows}) == len(rows):  # as in honest lists
        return listings
    chosen: dict[tuple[str, str | None], Listing] = {}
    for listing in listings:
        row = listing.observation
        place = (row.address, row.pubkey)
        other = chosen.get(place)
        if other is None or (freshness(listing), repr(row)) > (freshness(other), repr(other.observation)):
            chosen[place] = listing
    return list(chosen.values())


def _ids_by_address(listings: Sequence[Listing], known_ids: Mapping[str, str]) -> dict[str, str]:
    """For addresses that some row lists without a key: the key that others give for it (the freshest), or gave."""
    keyless = {listing.observation.address for listing in listings if listing.observation.pubkey is None}
    if not keyless:
        return {}
    freshest: dict[str, Listing] = {}
    for listing in listings:
        row = listing.observation
        if row.pubkey is not None and row.address in keyless:
            other = freshest.get(row.address)
            if other is None or freshness(listing) > freshness(other):
                freshest[row.address] = listing
    ids = {address: known_ids[address] for address in keyless if address in known_ids}
    ids.update((address, listing.observation.pubkey or "") for address, listing in freshest.items())
    return ids


def _join_seeds(
    nodes: dict[str, MergedNode], replies: Sequence[SeedReply], on_host: Mapping[str, set[str]]
) -> dict[str, str]:
    """Give each seed that answered anything to its node, from the ids listed on its host; returns the id by seed."""
    joined: dict[str, str] = {}
    for reply in replies:
        if reply.version is None and reply.stats is None and reply.observations is None:
            continue
        listed = on_host[reply.host]
        node = nodes[next(iter(listed))] if len(listed) == 1 else _assumed_node(nodes, reply.host)
        # Several seeds on one host (ports differ) are one node; the first by name speaks for it.
        if node.own is None:
            node.own = reply
        joined[reply.seed] = node.id
    return joined


def assumed_address(host: str) -> str:
    """Where a seed that nobody lists most likely gossips."""
    return f"[{host}]:{DEFAULT_GOSSIP_PORT}" if ":" in host else f"{host}:{DEFAULT_GOSSIP_PORT}"


def _assumed_node(nodes: dict[str, MergedNode], host: str) -> MergedNode:
    address = assumed_address(host)
    node_id = address_id(address)
    node = nodes.get(node_id)
    if node is None:
        node = nodes[node_id] = MergedNode(node_id, None, assumed_address=address)
    return node
