"""The ratings of every rater at one time, kept until their horizons have passed."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from jobs.evaluate.raters import Look, Rater, Rating
from jobs.evaluate.tally import Tally
from schema.domain.base import UnixSeconds
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import Snapshot

MAX_NODES = 10_000
"""The size of the fixed sample of nodes that is rated in a larger network. It bounds memory."""

Ratings = tuple[Rating | None, ...]
"""The ratings of one node, in the order of the raters."""


class Cohort(NamedTuple):
    """The online nodes of one time that enough seeds list, with the ratings of each by its id.

    `online` has their observations online up to then, `share` the share 0..1 of 30 days in which they were seen online,
    `snapshots` the number of snapshots. `present` has the positions of the raters that rate any node.
    """

    at: UnixSeconds
    ratings: Mapping[str, Ratings]
    online: Mapping[str, int]
    share: Mapping[str, float]
    snapshots: int
    present: tuple[int, ...]


def rated_nodes(snapshot: Snapshot) -> Sequence[PNode]:
    """The nodes that are rated, in the order of the snapshot."""
    nodes = [node for node in snapshot.nodes if node.is_online and node.supported]
    if len(nodes) <= MAX_NODES:
        return nodes
    return sorted(nodes, key=lambda node: blake2b(node.id.encode(), digest_size=8).digest())[:MAX_NODES]


def rate(node: PNode, tally: Tally, raters: Sequence[Rater], at: UnixSeconds, looks_per_day: float) -> Ratings:
    """The current ratings of a node by each rater."""
    look = Look(node, tally.recent(node.id, at), looks_per_day)
    return tuple(rater.rate(look) for rater in raters)


def cohort_of(snapshot: Snapshot, tally: Tally, raters: Sequence[Rater], looks_per_day: float) -> Cohort:
    """The cohort of a snapshot that has already been counted."""
    at = snapshot.header.taken_at
    nodes = rated_nodes(snapshot)
    ratings = {node.id: rate(node, tally, raters, at, looks_per_day) for node in nodes}
    return Cohort(
        at=at,
        ratings=ratings,
        online={node.id: tally.online(node.id) for node in nodes},
        share={node.id: tally.recent(node.id, at).share for node in nodes},
        snapshots=tally.snapshots,
        present=tuple(p for p in range(len(raters)) if any(each[p] is not None for each in ratings.values())),
    )
