"""How many seeds must list a node before it counts. With three or more seeds, a single seed changes nothing.

Witnesses are counted among the seeds that could list a node, which are those of one island. In an island with two or
more seeds, a node needs `min_witnesses` of them (or all, if there are fewer). Nodes that only the single seed of an
island lists are marked as unsupported. A node that a trusted seed lists, or that answered us directly, needs no other
witness.

Nodes that only promoted nodes list are shown but never counted. Promoted nodes are chosen by a rule, not by the
operator, and somebody who runs many of them must not outvote the seeds.

With one or two answering seeds there is no majority, and these rules do not apply.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from schema.domain.cycle.merge import Merged, MergedNode
from schema.domain.cycle.quorum import MIN_WITNESSES, Quorum
from schema.domain.node.memory import NodeMemory

MAX_NEWCOMERS = 200
MAX_UNCONFIRMED_SHARE = 5
"""A seed may hold at most this many times `max_newcomers` nodes that no other seed ever listed."""
MAX_LONE_SHARE = 50
"""A seed adds no more nodes while this many times `max_newcomers` nodes are known that no other seed ever listed.

With one or two answering seeds every node counts and stays until it is retired. Without this bound, one seed could add
`max_newcomers` nodes in every cycle until then.
"""
# Two lists belong to one island if they share at least this part of the shorter one. A stray record does not join them.
ISLAND_OVERLAP = 0.1


class Support:
    """Which seeds must list a node in one cycle."""

    def __init__(
        self, merged: Merged, min_witnesses: int = MIN_WITNESSES, trusted: Collection[str] = frozenset()
    ) -> None:
        self._answered = merged.answered
        self.lists = merged.lists
        self.island = islands_of(self.lists)
        self.applies = Quorum(min_witnesses).applies(len(merged.answered))
        self._sizes = Counter(self.island.values())
        self._min_witnesses = min_witnesses
        self._trusted = frozenset(trusted)

    @property
    def quorum(self) -> int:
        """How many seeds are needed to prove that a node is alive, given the seeds that list it."""
        return self._min_witnesses if self.applies else 1

    def of(self, node: MergedNode) -> bool:
        """Whether enough seeds list the node, or it answered itself."""
        if self._is_only_promoted(node):
            return False
        if not self.applies or node.own is not None:
            return True
        witnesses = witnesses_of(node)
        if self._trusted and not self._trusted.isdisjoint(witnesses):
            return True
        if len(self._sizes) == 1 and len(self.island) == len(self.lists):
            return len(witnesses) >= min(self._min_witnesses, len(self.island)) > 1
        counts = Counter(self.island.get(seed) for seed in witnesses)
        return any(
            count >= min(self._min_witnesses, self._sizes[island]) > 1
            for island, count in counts.items()
            if island is not None
        )

    def _is_only_promoted(self, node: MergedNode) -> bool:
        """Whether only promoted nodes list the node."""
        return node.own is None and all(row.seed not in self._answered for row in node.listings)

    def is_minority(self, node: MergedNode) -> bool:
        """Whether too few seeds list the node while other seeds of their island do not list it."""
        if self._is_only_promoted(node):
            return True
        return not self.of(node) and all(self._sizes[self.island.get(seed, -1)] > 1 for seed in witnesses_of(node))


def witnesses_of(node: MergedNode) -> set[str]:
    """The seeds that list the node at an address that is not relative to them."""
    return {row.seed for row in node.listings if not row.relative}


def islands_of(lists: Mapping[str, set[str]]) -> dict[str, int]:
    """The island number of each seed, counted from 0 in the order of seed names. Seeds with empty lists have none."""
    island: dict[str, int] = {}
    members: list[list[str]] = []
    for seed in sorted(lists):
        if not lists[seed]:
            continue
        touching = [
            number
            for number, group in enumerate(members)
            if any(_overlap(lists[seed], lists[other]) for other in group)
        ]
        joined = [seed, *(other for number in touching for other in members[number])]
        members = [group for number, group in enumerate(members) if number not in touching]
        members.append(joined)
    for number, group in enumerate(sorted(sorted(group) for group in members)):
        island.update(dict.fromkeys(group, number))
    return island


def _overlap(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= ISLAND_OVERLAP * min(len(one), len(other))


class Newcomers:
    """Limits how many new nodes each seed may add that too few seeds list, and counts the refused ones."""

    def __init__(self, limit: int, known: Iterable[NodeMemory]) -> None:
        self._limit = limit
        self._held: Counter[str] = Counter()
        self._lone: Counter[str] = Counter()
        for memory in known:
            if not memory.confirmed:
                self._held.update(memory.witnesses)
            if len(memory.source_ips) == 1:
                self._lone[memory.source_ips[0]] += 1
        self._new: Counter[str] = Counter()
        self._returned: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def admit(self, node: MergedNode, *, returning: bool = False) -> bool:
        """Whether one more node may be added. It counts against each seed that lists it.

        A node that is `returning` from the registry counts only against the total, because many may return at once.
        """
        seeds = sorted({row.seed for row in node.listings})
        if any(not self._is_full(seed) and (returning or self._may_bring(seed)) for seed in seeds):
            (self._returned if returning else self._new).update(seeds)
            return True
        self.refused.update(seeds)
        return False

    def _is_full(self, seed: str) -> bool:
        return self._lone[seed] + self._new[seed] + self._returned[seed] >= self._limit * MAX_LONE_SHARE

    def _may_bring(self, seed: str) -> bool:
        new = self._new[seed]
        return new < self._limit and self._held[seed] + new < self._limit * MAX_UNCONFIRMED_SHARE
