"""How many seeds must say a thing before it counts: one seed of three or more moves nothing.

Witnesses are counted among the seeds that could list a node, those of one island. A node of an island with two or more
seeds needs `min_witnesses` of them (all, where there are fewer). What the only seed of an island lists is shown apart.
A seed that the operator trusts needs nobody beside it, and neither does a node that answered us itself.

What only promoted nodes list is shown, and never counts: they were chosen by rule, not by the operator, and whoever runs
enough of them must not outvote the seeds.

With one or two seeds answering there is nobody to compare with, and nothing of this applies.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from schema.domain.cycle.merge import Merged, MergedNode
from schema.domain.cycle.quorum import MIN_WITNESSES, Quorum
from schema.domain.node.memory import NodeMemory

MAX_NEWCOMERS = 200
MAX_UNCONFIRMED_SHARE = 5
"""A seed's nodes that nobody else ever listed are at most so many times `max_newcomers`."""
MAX_LONE_SHARE = 50
"""A seed brings no more nodes while so many times `max_newcomers` are known that no other seed ever listed.

With one or two answering seeds every node counts, and stays until it is retired: without this bound one seed could add
`max_newcomers` of them in every cycle of those days.
"""
# Two lists belong to one mesh when they share at least this part of the shorter one; a stray record does not join them.
ISLAND_OVERLAP = 0.1


class Support:
    """Who must say what in one cycle."""

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
        """How many seeds prove that a node lives, where so many list it."""
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
        """Whether nobody but promoted nodes lists the node."""
        return node.own is None and all(row.seed not in self._answered for row in node.listings)

    def is_minority(self, node: MergedNode) -> bool:
        """Whether the seeds that list the node are too few, and others of their island do not list it."""
        if self._is_only_promoted(node):
            return True
        return not self.of(node) and all(self._sizes[self.island.get(seed, -1)] > 1 for seed in witnesses_of(node))


def witnesses_of(node: MergedNode) -> set[str]:
    """The seeds that list the node at an address that means the same to everybody."""
    return {row.seed for row in node.listings if not row.relative}


def islands_of(lists: Mapping[str, set[str]]) -> dict[str, int]:
    """The number of each seed's mesh, counted from 0 in the order of seed names; seeds with empty lists have none."""
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
    """How many new nodes each seed may bring that not enough seeds list; counts those that were refused."""

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
        """Whether one more may come in; each of its seeds answers for it.

        A node that is `returning` from the registry is held to the total only: many of them may return at once.
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
