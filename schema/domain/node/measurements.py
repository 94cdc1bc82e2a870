"""The measurements of a node: which seed's value is used for each, where seeds differ, and which values are unknown."""

from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Any, NamedTuple

from schema.domain.lean import unchecked
from schema.domain.node.observation import Listing, SeedReply
from schema.domain.node.pnode import Disagreement, MissingField, MissingReason, Provenance
from schema.domain.node.process import Process
from schema.domain.node.said import COMPARED, MEASURED, Said, all_equal, said_of

_provenance = unchecked(Provenance)
_ONLY_WITH_STATS = frozenset({"is_public", "rpc_port", "uptime", "storage_committed", "storage_used"})


class Measurements(NamedTuple):
    """Values by field name (None if unknown), and their provenance."""

    values: dict[str, Any]
    provenance: Provenance


def measure(
    listings: Sequence[Listing],
    own: SeedReply | None,
    at: int,
    seeds_with_stats: frozenset[str],
    *,
    process: Process | None = None,
    moving: frozenset[str] = frozenset(),
    said: Said | None = None,
) -> Measurements:
    """Choose the values of one node from the rows about its address (freshest first) and from its own answer, if any.

    Only the seeds in `moving` count, or all seeds if it is empty: a seed with an old record does not count against
    seeds that see the node alive. A value that should be the same everywhere (`COMPARED`) is taken from the majority; a
    value that changes all the time is the median. Ties, and the choice between two values, go to the freshest row. A
    row without a value never hides a row that has one. The uptime is that of `process`, if it is given.

    The node's own version takes precedence. Its own uptime and storage figures only fill gaps, because they are counted
    differently than in gossip: the uptime is some seconds shorter, and the size is that of the file instead of the
    committed size. All nodes are therefore measured in the same way.

    Pass `said` if `said_of(listings)` has already been computed.
    """
    said = said_of(listings) if said is None else said
    is_part_believed = 0 < len(moving) < len(listings)
    values: dict[str, Any] = {}
    for name in MEASURED:
        column = said.columns[name]
        if name == "uptime" and process is not None:
            values[name] = process.uptime
        elif name in said.differing:
            value = _value(name, [row for row in listings if row.seed in moving]) if is_part_believed else None
            values[name] = _value(name, listings) if value is None else value
        else:
            values[name] = column[0] if column else None
    own_fields = _apply_own(values, own)
    percent = usage_percent(values["storage_used"], values["storage_committed"], None)
    values["storage_usage_percent"] = _reported_percent(listings) if percent is None else percent
    missing = tuple(
        MissingField(field=name, reason=_why_missing(name, listings, seeds_with_stats))
        for name in MEASURED
        if values[name] is None
    )
    provenance = _provenance(
        seed=next((row.seed for row in listings if not is_part_believed or row.seed in moving), None),
        observed_at=at,
        own_fields=own_fields,
        disagreements=disagreements(listings, said),
        missing=missing,
    )
    return Measurements(values, provenance)


def _value(name: str, rows: Sequence[Listing]) -> object:
    """The value of one measurement from these rows. None if no row has it."""
    said = [value for row in rows if (value := getattr(row.observation, name)) is not None]
    if all_equal(said):
        return said[0] if said else None
    return _most_said(name, rows) if name in COMPARED else _middle(said)


def _reported_percent(rows: Iterable[Listing]) -> float | None:
    return next((percent for row in rows if (percent := row.observation.storage_usage_percent) is not None), None)


def usage_percent(used: int | None, committed: int | None, reported: float | None) -> float | None:
    """100 × used / committed, 0 or more. Falls back to the reported percentage; None if that is unknown too."""
    if used is not None and committed:
        return 100 * used / committed
    return reported


def disagreements(listings: Sequence[Listing], said: Said) -> tuple[Disagreement, ...]:
    """The fields on which seeds differ, each value with the seeds that report it. Values and seeds are sorted."""
    if said.is_unanimous:
        return ()
    names = [name for name in said.differing if name in COMPARED]
    names += said.apart
    found: list[Disagreement] = []
    for name in names:
        by_value: dict[str, set[str]] = {}
        for row in listings:
            value = getattr(row.observation, name)
            if value is not None:
                by_value.setdefault(str(value), set()).add(row.seed)
        if len(by_value) > 1:
            values = tuple((value, tuple(sorted(by_value[value]))) for value in sorted(by_value))
            found.append(Disagreement(field=name, values=values))
    return tuple(found)


def _middle(said: Sequence[Any]) -> object:
    """The median of the seeds' values (at least one). Of two, the value in the freshest row."""
    return median_low(said) if len(said) > 2 else said[0]  # noqa: PLR2004  (two have no middle)


def _most_said(name: str, listings: Iterable[Listing]) -> object:
    """The value that most seeds report; on a tie, the freshest one. None if there is no value."""
    seeds: dict[object, set[str]] = {}
    for row in listings:
        value = getattr(row.observation, name)
        if value is not None:
            seeds.setdefault(value, set()).add(row.seed)
    # Values are in the order of their freshest rows, and `max` returns the first of equals.
    return max(seeds, key=lambda value: len(seeds[value]), default=None)


def _apply_own(values: dict[str, Any], own: SeedReply | None) -> tuple[str, ...]:
    """Add the node's own values. Returns the names of the fields that come from it."""
    if own is None:
        return ()
    stats = own.stats
    fills = {
        "uptime": stats.uptime if stats else None,
        "storage_committed": stats.file_size if stats else None,
        "storage_used": stats.total_bytes if stats else None,
    }
    given: dict[str, object] = {"version": own.version} if own.version is not None else {}
    given |= {name: value for name, value in fills.items() if value is not None and values[name] is None}
    values.update(given)
    return tuple(sorted(given))


def _why_missing(name: str, listings: Iterable[Listing], seeds_with_stats: frozenset[str]) -> MissingReason:
    rows = list(listings)
    if not rows:
        return MissingReason.NOT_LISTED
    if any(name in row.observation.invalid for row in rows):
        return MissingReason.INVALID
    if name in _ONLY_WITH_STATS and not any(row.seed in seeds_with_stats for row in rows):
        return MissingReason.NOT_IN_PROTOCOL
    return MissingReason.NOT_REPORTED
