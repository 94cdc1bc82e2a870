"""The resources of a process over time, and whether they grow."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Holding(NamedTuple):
    """The resources of a process.

    They are the resident memory in kB, open descriptors, asyncio tasks, and objects known to the garbage collector.
    `kinds` has the frequent kinds of objects by name.
    """

    memory_kb: float
    descriptors: float
    tasks: float
    objects: float
    kinds: Mapping[str, int] = {}


FIGURES = Holding._fields[:4]
SHOWN_KINDS = 8


class Growth(NamedTuple):
    """The growth of each figure of a process. `kinds` are the kinds of objects that grew most."""

    figures: Mapping[str, float]
    kinds: Mapping[str, int]

    def beyond(self, allowed: Mapping[str, float]) -> list[str]:
        """The figures that grew more than allowed, as text. Empty if none did."""
        return [
            f"{name} grew by {grown:.0f}, expected at most {allowed[name]:.0f}; most of it: {dict(self.kinds)}"
            for name, grown in self.figures.items()
            if grown > allowed[name]
        ]


def growth(held: Sequence[Holding]) -> Growth:
    """The median of the last third minus that of the middle third. In the first third, caches fill.

    Expects at least three samples at equal intervals.
    """
    third = len(held) // 3
    if not third:
        raise ValueError(f"{len(held)} samples: expected at least 3")
    middle, last = held[third : 2 * third], held[-third:]
    figures = {
        name: median(getattr(one, name) for one in last) - median(getattr(one, name) for one in middle)
        for name in FIGURES
    }
    grown = Counter(last[-1].kinds)
    grown.subtract(middle[0].kinds)
    return Growth(figures, {kind: number for kind, number in grown.most_common(SHOWN_KINDS) if number > 0})
