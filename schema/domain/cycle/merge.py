"""Merge the lists of all seeds into one view of each node.

A node is identified by its public key. If the key is null or malformed, the address identifies it until a key becomes
known for that address. Merging is total (any replies give a result), independent of the order of replies and rows, and
idempotent (a repeated reply counts once). It decides which rows belong to which node. `accumulate`, which has the
memory, decides whether a node is alive.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from schema.domain.cycle.quorum import Quorum
from schema.domain.node.clocks import clock_ahead, contacts_of
from schema.domain.node.observation import Listing, Observation, SeedReply, host_of, one_a_seed, says_nothing
from schema.domain.node.reach import Reach, is_relative, reach_of, reach_of_host

DEFAULT_GOSSIP_PORT = 9001
SAYS_NOTHING = "pod:says_nothing"
NOT_GLOBAL = "pod:not_global"
Recency = tuple[int, int, str, str, str]
# The nodes on the hosts of seeds: for each host, id and address, the seeds that list the node there.
OnHost = dict[str, dict[str, dict[str, set[str]]]]


@dataclass(slots=True)
class MergedNode:
    """All reports about one node in one cycle. `own` is the node's own answer, if it is a seed that answered.

    `listings` are sorted freshest first. `assumed_address` is set for a seed that no other seed lists.
    """

    id: str
    pubkey: str | None
    listings: list[Listing] = field(default_factory=list[Listing])
    own: SeedReply | None = None
    assumed_address: str | None = None


# The same order as `recency`, for rows with a known contact and uptime. Sorting dominates a cycle, and this key runs
# no Python code.
_FRESHNESS_WHERE_KNOWN = attrgetter("last_seen", "observation.uptime", "seed", "observation.address")


class Merged(NamedTuple):
    """The nodes of a cycle by id, the seeds that returned a list, and how far each seed's clock is ahead (seconds).

    `silent` counts the excluded rows per seed and reason. `lists` has the ids of the nodes that each seed lists.
    """

    nodes: dict[str, MergedNode]
    answered: frozenset[str]
    clock_ahead: dict[str, int]
    seed_nodes: dict[str, str]
    silent: Mapping[str, Mapping[str, int]] = {}
    lists: Mapping[str, set[str]] = {}


def address_id(address: str) -> str:
    """The id of a node whose key is not known."""
    return f"addr:{address}"


def merge(
    replies: Iterable[SeedReply], known_ids: Mapping[str, str] | None = None, quorum: Quorum | None = None
) -> Merged:
    """Group the replies of one cycle by node.

    A row without a key joins the key that enough seeds report for its address, otherwise the key that earlier cycles
    learned for it: `known_ids` maps addresses to such ids. A seed is a node too. It joins the single node that enough
    seeds list on its host; otherwise it becomes a separate node with an assumed gossip port.

    If a seed has two rows about one node and address, only the row with the key counts: each seed has one vote.

    Rows from promoted nodes count only for keys that no seed lists.

    Rows without information are excluded. An address that is relative to the seed that lists it identifies nothing, and
    joins neither a key nor a seed.
    """
    asked = one_a_seed(replies)
    by_seed = [reply for reply in asked if not reply.promoted]
    ahead = {r.seed: clock_ahead(r) for r in by_seed if r.observations is not None}
    silent: dict[str, Counter[str]] = {}
    assumed = {assumed_address(r.host) for r in by_seed}
    by_list = {
        r.seed: [
            listing
            for listing in _listings(r, r.observations, ahead[r.seed])
            if listing.observation.pubkey is not None or not _is_left_out(listing, assumed, silent)
        ]
        for r in by_seed
        if r.observations is not None
    }
    listings = [listing for listed in by_list.values() for listing in listed]
    quorum = quorum or Quorum()
    if not quorum.applies(len(ahead)):
        quorum = Quorum(min_witnesses=1)
    known_ids = known_ids or {}
    ids = _ids_by_address(listings, known_ids, quorum)
    on_host: OnHost = {r.host: {} for r in by_seed if reach_of_host(r.host) is not Reach.LOCAL}
    # If a seed lists an address with and without the key, the row without it is a duplicate: one vote per seed and
    # address.
    with_key = {
        (listing.seed, listing.observation.address)
        for listing in (listings if ids else ())
        if not listing.relative and listing.observation.pubkey == ids.get(listing.observation.address, "")
    }
    nodes: dict[str, MergedNode] = {}
    lists: dict[str, set[str]] = {}
    for seed, listed in by_list.items():
        list_id = lists.setdefault(seed, set()).add
        for listing in listed:
            row, relative = listing.observation, listing.relative
            address, node_id = row.address, row.pubkey
            if node_id is None:
                if not relative and (seed, address) in with_key:
                    continue
                node_id = (not relative and ids.get(address)) or address_id(address)
            node = nodes.get(node_id)
            if node is None:
                node = nodes[node_id] = MergedNode(node_id, None if node_id.startswith("addr:") else node_id)
            node.listings.append(listing)
            list_id(node_id)
            host = host_of(address)
            if host in on_host and not relative:
                on_host[host].setdefault(node_id, {}).setdefault(address, set()).add(seed)
    seed_nodes = _join_seeds(nodes, by_seed, on_host, known_ids, quorum)
    _add_promoted(nodes, [reply for reply in asked if reply.promoted])
    for node in nodes.values():
        _sort(node.listings)
    return Merged(nodes, frozenset(ahead), ahead, seed_nodes, silent, lists)


def recency(listing: Listing) -> Recency:
    """The sort key of listings, freshest last: the newest contact wins; the other parts make the order total."""
    row = listing.observation
    return (
        -1 if listing.last_seen is None else listing.last_seen,
        -1 if row.uptime is None else row.uptime,
        listing.seed,
        row.address,
        row.pubkey or "",
    )


def _sort(listings: list[Listing]) -> None:
    """Sort freshest first."""
    try:
        listings.sort(key=_FRESHNESS_WHERE_KNOWN, reverse=True)
    except TypeError:  # None cannot be compared with a number
        listings.sort(key=recency, reverse=True)


def _is_left_out(listing: Listing, assumed: set[str], silent: dict[str, Counter[str]]) -> bool:
    """Whether to exclude a row without a key because it is no evidence of any node. Counts excluded rows.

    A row at a relative address must not be mistaken for the seed that is known only by that address.
    """
    row = listing.observation
    if says_nothing(row):
        reason = SAYS_NOTHING
    elif listing.relative and row.address in assumed:
        reason = NOT_GLOBAL
    else:
        return False
    silent.setdefault(listing.seed, Counter())[reason] += 1
    return True


def _listings(reply: SeedReply, rows: Sequence[Observation], ahead: int) -> list[Listing]:
    """The rows of one reply, one for each address and key, with last contacts converted to our clock."""
    seed, host, now = reply.seed, reply.host, int(reply.answered_at)
    contacts = contacts_of([row.last_seen for row in rows], ahead, now)
    listings = [
        Listing(
            seed,
            seen,
            row,
            reach_of(row.address) is not Reach.GLOBAL and is_relative(row.address, host),
            row.last_seen - ahead
            if seen is None and row.last_seen is not None and row.last_seen - ahead > now
            else None,
        )
        for row, seen in zip(rows, contacts, strict=True)
    ]
    if len({row.address for row in rows}) == len(rows):  # as in honest lists
        return listings
    chosen: dict[tuple[str, str | None], Listing] = {}
    for listing in listings:
        row = listing.observation
        place = (row.address, row.pubkey)
        other = chosen.get(place)
        if other is None or (recency(listing), repr(row)) > (recency(other), repr(other.observation)):
            chosen[place] = listing
    return list(chosen.values())


def _ids_by_address(listings: Sequence[Listing], known_ids: Mapping[str, str], quorum: Quorum) -> dict[str, str]:
    """The key of each address that some row lists without one: reported by enough seeds now, or learned earlier.

    If several keys qualify, the one with the freshest contact wins. That contact must be confirmed by enough seeds.
    """
    keyless = {
        listing.observation.address
        for listing in listings
        if listing.observation.pubkey is None and not listing.relative
    }
    if not keyless:
        return {}
    listed: dict[str, dict[str | None, dict[str, Recency]]] = {}
    for listing in listings:
        row = listing.observation
        if row.address in keyless and not listing.relative:
            listed.setdefault(row.address, {}).setdefault(row.pubkey, {})[listing.seed] = recency(listing)
    ids: dict[str, str] = {}
    for address, by_key in listed.items():
        seeds = {seed for by_seed in by_key.values() for seed in by_seed}
        proven = [
            (sorted(by_seed.values(), reverse=True)[: quorum.min_witnesses][-1], key)
            for key, by_seed in by_key.items()
            if key is not None and quorum.is_met(by_seed, len(seeds))
        ]
        if proven:
            ids[address] = max(proven)[1]
        elif address in known_ids:
            ids[address] = known_ids[address]
    return ids


def _join_seeds(
    nodes: dict[str, MergedNode],
    replies: Sequence[SeedReply],
    on_host: OnHost,
    known_ids: Mapping[str, str],
    quorum: Quorum,
) -> dict[str, str]:
    """Assign each answering seed to its node, using the ids listed on its host. Returns the node id by seed.

    An id qualifies if enough seeds list it on the host, if earlier cycles knew it there, or if only the seed itself
    lists it. Otherwise another seed, or a seed that claims the key of a known node, could redirect the answers.
    """
    joined: dict[str, str] = {}
    for reply in replies:
        if reply.version is None and reply.stats is None and reply.observations is None:
            continue
        listed = [
            node_id
            for node_id, places in on_host.get(reply.host, {}).items()
            if all(row.seed == reply.seed for row in nodes[node_id].listings)
            or any(
                known_ids.get(address) == node_id or quorum.is_met(seeds, quorum.min_witnesses)
                for address, seeds in places.items()
            )
        ]
        node = nodes[listed[0]] if len(listed) == 1 else _assumed_node(nodes, reply.host)
        # Several seeds on one host (different ports) are one node, and the first by name provides the node's own
        # answer.
        if node.own is None:
            node.own = reply
        joined[reply.seed] = node.id
    return joined


def _add_promoted(nodes: dict[str, MergedNode], replies: Sequence[SeedReply]) -> None:
    """Add nodes with a key that promoted nodes list and no seed does. They do not change nodes that seeds list."""
    added: dict[str, MergedNode] = {}
    for reply in replies:
        for listing in _listings(reply, reply.observations or (), clock_ahead(reply)):
            key = listing.observation.pubkey
            if key is not None and key not in nodes and not listing.relative:
                added.setdefault(key, MergedNode(key, key)).listings.append(listing)
    nodes.update(added)


def assumed_address(host: str) -> str:
    """The most likely gossip address of a seed that no seed lists."""
    return f"[{host}]:{DEFAULT_GOSSIP_PORT}" if ":" in host else f"{host}:{DEFAULT_GOSSIP_PORT}"


def _assumed_node(nodes: dict[str, MergedNode], host: str) -> MergedNode:
    address = assumed_address(host)
    node_id = address_id(address)
    node = nodes.get(node_id)
    if node is None:
        node = nodes[node_id] = MergedNode(node_id, None, assumed_address=address)
    return node
