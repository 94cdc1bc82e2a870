"""How closely each seed agrees with the others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from statistics import median_low

from schema.domain.cycle.merge import MergedNode
from schema.domain.cycle.quorum import MIN_ANSWERING_SEEDS
from schema.domain.node.observation import Listing
from schema.domain.node.said import COMPARED, MEASURED, MOVING, Place, Said, places_of, tolerance

_SEED = attrgetter("seed")
_COUNTED_AT_ONCE = 10_000


class Agreement:
    """Counts the values on which each seed agrees with the others.

    A seed's agreement is the share of its values that match the majority for the same address and field. Uptime and
    usage match if they are close to the median. A value counts only if at least one other seed reports that field. A
    tie has no majority and counts for no seed.
    """

    def __init__(self) -> None:
        self._agreed: Counter[str] = Counter()
        self._compared: Counter[str] = Counter()
        # Counts the rows of seeds that agree with the others on everything. Nearly all rows do, so they are counted in
        # bulk.
        self._unanimous: list[str] = []

    def add(self, place: Place) -> None:
        """Count the values reported for one address."""
        rows, said = place
        if len(rows) < 2:  # noqa: PLR2004  (one word has nobody to agree with)
            return
        if len(rows) >= MIN_ANSWERING_SEEDS and said.is_unanimous:
            self._unanimous.extend(map(_SEED, rows))
            if len(self._unanimous) >= _COUNTED_AT_ONCE:
                self._count_unanimous()
        else:
            self._compare(rows, said)

    def shares(self) -> dict[str, float]:
        """Each seed's agreement, 0..1. A seed without a value that counts has none."""
        self._count_unanimous()
        return {seed: self._agreed[seed] / total for seed, total in self._compared.items() if total}

    def _count_unanimous(self) -> None:
        for seed, count in Counter(self._unanimous).items():
            self._compared[seed] += count * len(MEASURED)
            self._agreed[seed] += count * len(MEASURED)
        self._unanimous.clear()

    def _compare(self, rows: Sequence[Listing], said: Said) -> None:
        for name in (*COMPARED, *MOVING):
            values, is_moving = said.columns[name], name in MOVING
            if len(values) < (MIN_ANSWERING_SEEDS if is_moving else 2):
                continue
            is_one = name not in (said.apart if is_moving else said.differing)
            accepted = set(values) if is_one else _near_middle(name, values) if is_moving else _majority(values)
            for row in rows if accepted else ():
                value = getattr(row.observation, name)
                if value is not None:
                    self._compared[row.seed] += 1
                    self._agreed[row.seed] += value in accepted


def agreement_of(nodes: Iterable[MergedNode]) -> Mapping[str, float]:
    """Each seed's agreement over all of these nodes."""
    agreement = Agreement()
    for node in nodes:
        for place in places_of(node.listings).values():
            agreement.add(place)
    return agreement.shares()


def _near_middle(name: str, values: Sequence[int]) -> set[int]:
    """The uptimes or usages that are close to the median."""
    middle = median_low(values)
    return {value for value in values if abs(value - middle) <= tolerance(name, middle)}


def _majority(values: Sequence[object]) -> set[object]:
    """The most frequent of several values; empty if two are equally frequent."""
    (value, count), (_, next_count) = Counter(values).most_common(2)
    return {value} if count > next_count else set()
