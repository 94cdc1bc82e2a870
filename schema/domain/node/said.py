"""What the rows about one address say of each measurement, turned into columns once for all who compare them."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from schema.domain.node.observation import Listing, Observation
from schema.domain.node.process import ONE_PROCESS_SECONDS

MEASURED = ("version", "is_public", "rpc_port", "uptime", "storage_committed", "storage_used")
# Uptime and use move between two seeds' answers; what should be equal everywhere is compared.
COMPARED = ("version", "is_public", "rpc_port", "storage_committed")
# Differences that are due to the time between two answers, and to a few blocks of a file.
MOVING = ("uptime", "storage_used")
_PLACES = tuple((name, Observation._fields.index(name)) for name in MEASURED)
_OBSERVATION = attrgetter("observation")
_ADDRESS = attrgetter("observation.address")
_USED_TOLERANCE_BYTES = 65_536
_USED_TOLERANCE_SHARE = 0.01


class Said(NamedTuple):
    """What rows say of each measurement, in their order, without those that say nothing of it.

    `differing` are the measurements that are not the same in all rows that have them, `apart` those of `MOVING` that
    differ by more than time explains, `gaps` those that some rows do not have.
    """

    columns: Mapping[str, Sequence[Any]]
    differing: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def is_unanimous(self) -> bool:
        """Whether all rows say the same of everything, as far as time allows."""
        return not self.gaps and not self.apart and all(name in MOVING for name in self.differing)


_NOTHING = Said(dict.fromkeys(MEASURED, ()))


def said_of(listings: Sequence[Listing]) -> Said:
    """What these rows say.

    The rows are turned into columns at once: most of a cycle's time goes into rows, and most columns have one value.
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
    """One address that is listed: its rows, freshest first, and what they say."""

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
    """Whether these values are one; also where there is none."""
    return not values or values.count(values[0]) == len(values)


def is_far_apart(name: str, values: Sequence[int]) -> bool:
    """Whether what seeds say of a field in `MOVING` differs by more than time explains."""
    if not values:
        return False
    most = max(values)
    return most - min(values) > tolerance(name, most)


def tolerance(name: str, value: int) -> float:
    """By how much two seeds' words on a field in `MOVING` may differ and still be the same one."""
    if name == "uptime":
        return ONE_PROCESS_SECONDS
    return max(_USED_TOLERANCE_BYTES, _USED_TOLERANCE_SHARE * value)
