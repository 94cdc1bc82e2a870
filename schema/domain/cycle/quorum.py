"""How many seeds must say the same before it counts."""

from collections.abc import Collection
from typing import NamedTuple

MIN_ANSWERING_SEEDS = 3
MIN_WITNESSES = 2


class Quorum(NamedTuple):
    """What the operator asks for: `min_witnesses` seeds, or one of the `trusted` ones."""

    min_witnesses: int = MIN_WITNESSES
    trusted: frozenset[str] = frozenset()

    def applies(self, answering: int) -> bool:
        """Whether seeds are compared at all: with one or two answering seeds there is nobody to compare with."""
        return answering >= MIN_ANSWERING_SEEDS and self.min_witnesses > 1

    def is_met(self, seeds: Collection[str], listing: int) -> bool:
        """Whether these seeds are enough where `listing` seeds list the thing at all."""
        return len(seeds) >= min(self.min_witnesses, listing) or not self.trusted.isdisjoint(seeds)
