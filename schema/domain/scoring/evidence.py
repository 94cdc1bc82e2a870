"""The evidence about the nodes of a snapshot, in the form that policy 2.0 uses."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from schema.domain.base import DAY, UnixSeconds
from schema.domain.node.coverage import Counts, Expected
from schema.domain.node.estimate import Evidence
from schema.domain.node.measurements import COMPARED
from schema.domain.node.pnode import LivenessBasis, PNode
from schema.domain.scoring.standing import group_of

_MAJORITY = 2


class Listers:
    """How many seeds could list a node: the seeds of its island that returned a non-empty list, except itself."""

    def __init__(self, islands: Mapping[str, int], seed_nodes: Mapping[str, str]) -> None:
        """`islands` has the island of each such seed, `seed_nodes` the ids of the seeds' own nodes."""
        self._islands = islands
        self._sizes = Counter(islands.values())
        self._own: dict[str, list[str]] = {}
        for seed, node_id in seed_nodes.items():
            if seed in islands:
                self._own.setdefault(node_id, []).append(seed)

    def of(self, node: PNode) -> int:
        """A node that no such seed lists could be listed by any of them."""
        own = self._own.get(node.id, ())
        for witness in node.witnesses:
            island = self._islands.get(witness)
            if island is not None:
                return self._sizes[island] - sum(self._islands[seed] == island for seed in own)
        return len(self._islands) - len(own)


def evidence_of(node: PNode, counts: Counts, could_list: int, *, at: UnixSeconds, expected: Expected) -> Evidence:
    """The evidence about an online node. `at` is the time of its snapshot (unix seconds)."""
    day, week, month = counts.windows(expected)
    probe = node.probe
    disagreements = node.provenance.disagreements
    return Evidence(
        node.id,
        group_of(node.address),
        node.first_seen // DAY,
        day,
        week,
        month,
        at - counts.since,
        counts.claimed,
        counts.disturbed,
        node.version,
        node.storage_committed,
        node.witness_count,
        could_list,
        sum(_is_disputed(each.field, each.values) for each in disagreements) if disagreements else 0,
        node.liveness_basis is LivenessBasis.DIRECT or (probe is not None and probe.failure is None),
        node.supported,
    )


def _is_disputed(field: str, values: Iterable[tuple[str, Collection[str]]]) -> bool:
    """Whether no value of a stable field has a majority among the seeds that report one."""
    if field not in COMPARED:
        return False
    counts = [len(seeds) for _, seeds in values]
    return _MAJORITY * max(counts) <= sum(counts)
