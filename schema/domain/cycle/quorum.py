"""How many seeds must agree before a claim counts."""

from collections.abc import Collection
from typing import NamedTuple

MIN_ANSWERING_SEEDS = 3
MIN_WITNESSES = 2


class Quorum(NamedTuple):
    """The required agreement: `min_witnesses` seeds, or one of the `trusted` ones."""

    min_witnesses: int = MIN_WITNESSES
    trusted: frozenset[str] = frozenset()

    def applies(self, answering: int) -> bool:
        """Whether seeds are compared at all. With one or two answering seeds, there is no majority."""
        return answering >= MIN_ANSWERING_SEEDS and self.min_witnesses > 1

    def is_met(self, seeds: Collection[str], listing: int) -> bool:
        """Whether these seeds are enough, if `listing` seeds list the node or address at all."""
        return len(seeds) >= min(self.min_witnesses, listing) or not self.trusted.isdisjoint(seeds)
