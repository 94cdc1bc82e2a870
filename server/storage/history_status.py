"""How much history there is: per node, and since when."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history import Resolution
from schema.reads import HistoryStatusRow
from schema.upkeep import RollupProgress
from server.storage import history, registry, snapshot_log
from server.storage.history import NETWORK, HistoryDocument, period_of, subject_of, time_of

FIRST_YEAR = 2_020  # no pNode is older


class _Counted(NamedTuple):
    """Samples of one node in [first, last)."""

    id: str
    samples: int
    first: UnixSeconds
    last: UnixSeconds


Status = tuple[_Counted, ...]


async def count(progress: RollupProgress | None) -> Status:
    """Every node with history, most samples first: of its closed days, and of the hours of the day that is open."""
    found: dict[str, dict[str, int]] = {}
    await _add(found, {"resolution": Resolution.D1.value})
    if progress is not None and progress.open_day is not None:
        month = period_of(Resolution.H1, progress.open_day)
        await _add(found, {"resolution": Resolution.H1.value, "period": month})
    found.pop(NETWORK, None)
    counted = [_counted(subject, samples) for subject, samples in found.items() if samples]
    return tuple(sorted(counted, key=lambda row: (-row.samples, row.id)))


async def rows(status: Status, limit: int) -> tuple[tuple[HistoryStatusRow, ...], int]:
    """The first rows, with the addresses that the registry knows, and the number of all."""
    best = status[: max(0, limit)]
    entries = await registry.by_ids([row.id for row in best])
    return (
        tuple(
            HistoryStatusRow(
                id=row.id,
                address=entries[row.id].address if row.id in entries else None,
                samples=row.samples,
                first=row.first,
                last=row.last,
            )
            for row in best
        ),
        len(status),
    )


async def earliest(now: UnixSeconds) -> UnixSeconds | None:
    """The start of the oldest day with buckets, else of the oldest hour with buckets or a snapshot."""
    first = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    days = await history.sampled_days((NETWORK,), first, now)
    if days:
        return min(days)
    recent = history.periods(Resolution.H1, now - 2 * DAY, now)
    hours = await history.fetch(Resolution.H1, (NETWORK,), recent, now - 2 * DAY, now)
    slot = await snapshot_log.earliest()
    known = [*map(time_of, hours.parts[NETWORK]), *([slot // HOUR * HOUR] if slot is not None else [])]
    return min(known, default=None)


async def _add(found: dict[str, dict[str, int]], where: dict[str, Any]) -> None:
    async for document in HistoryDocument.collection().find(where, {"samples": 1}):
        found.setdefault(subject_of(document["_id"]), {}).update(document.get("samples", {}))


def _counted(subject: str, samples: dict[str, int]) -> _Counted:
    return _Counted(subject, sum(samples.values()), min(map(time_of, samples)), max(map(_end_of, samples)))


def _end_of(key: str) -> UnixSeconds:
    return time_of(key) + (HOUR if key.startswith("h") else DAY)
