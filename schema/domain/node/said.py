"""The values of each measurement in the rows about one address, converted to columns once for all comparisons."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from schema.domain.node.observation import Listing, Observation
from schema.domain.node.process import ONE_PROCESS_SECONDS

MEASURED = ("version", "is_public", "rpc_port", "uptime", "storage_committed", "storage_used")
# Uptime and usage change between the answers of two seeds. Only values that should be equal everywhere are compared.
COMPARED = ("version", "is_public", "rpc_port", "storage_committed")
# Differences caused by the time between two answers, and by a few blocks of a file.
MOVING = ("uptime", "storage_used")
_PLACES = tuple((name, Observation._fields.index(name)) for name in MEASURED)
_OBSERVATION = attrgetter("observation")
_ADDRESS = attrgetter("observation.address")
_USED_TOLERANCE_BYTES = 65_536
_USED_TOLERANCE_SHARE = 0.01


class Said(NamedTuple):
    """The values of each measurement, in row order, without the rows that lack it.

    `differing` are the measurements that differ between the rows that have them, `apart` those of `MOVING` that differ
    by more than time explains, `gaps` those that some rows lack.
    """

    columns: Mapping[str, Sequence[Any]]
    differing: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def is_unanimous(self) -> bool:
        """Whether all rows agree on everything, within the tolerances."""
        return not self.gaps and not self.apart and all(name in MOVING for name in self.differing)


_NOTHING = Said(dict.fromkeys(MEASURED, ()))


def said_of(listings: Sequence[Listing]) -> Said:
    """Convert these rows to columns.

    All rows are converted at once. Most of a cycle's time is spent on rows, and most columns have a single value.
    """
    if not listings:
        return _NOTHING
    fields = tuple(zip(*map(_OBSERVATION, listings), strict=True))
    count = len(listings)
    columns: dict[str, Sequence[Any]] = {}
    differing: list[str] = []
    gaps: list[str] = []
    for name, place in _PLACES:
        column: Sequence[Any] = fields[place]
        if column.count(column[0]) != count or column[0] is None:
            if None in column:
                gaps.append(name)
                column = [value for value in column if value is not None]
            if not all_equal(column):
                differing.append(name)
        columns[name] = column
    apart = [name for name in differing if name in MOVING and is_far_apart(name, columns[name])]
    return Said(columns, tuple(differing), tuple(apart), tuple(gaps))


class Place(NamedTuple):
    """One listed address: its rows, freshest first, and their values."""

    listings: Sequence[Listing]
    said: Said


def places_of(listings: Sequence[Listing]) -> dict[str, Place]:
    """The addresses in the rows about one node."""
    if len(set(map(_ADDRESS, listings))) == 1:  # as for most nodes
        return {listings[0].observation.address: Place(listings, said_of(listings))}
    rows: dict[str, list[Listing]] = {}
    for row in listings:
        rows.setdefault(row.observation.address, []).append(row)
    return {address: Place(of_address, said_of(of_address)) for address, of_address in rows.items()}


def all_equal(values: Sequence[object]) -> bool:
    """Whether these values are equal, or there are none."""
    return not values or values.count(values[0]) == len(values)


def is_far_apart(name: str, values: Sequence[int]) -> bool:
    """Whether the seeds' values of a field in `MOVING` differ by more than time explains."""
    if not values:
        return False
    most = max(values)
    return most - min(values) > tolerance(name, most)


def tolerance(name: str, value: int) -> float:
    """The tolerance within which two seeds' values of a field in `MOVING` count as equal."""
    if name == "uptime":
        return ONE_PROCESS_SECONDS
    return max(_USED_TOLERANCE_BYTES, _USED_TOLERANCE_SHARE * value)
