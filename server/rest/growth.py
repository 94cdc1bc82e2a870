"""Growth of the network between two snapshots, as `/network/growth` and `/network/analytics` show it."""

from typing import Any

from schema.domain.base import HOUR
from schema.domain.growth import Change, Growth, growth_between
from schema.domain.snapshot import SnapshotHeader
from schema.reads import Reads
from server.rest.clock import readable

_TOO_YOUNG = {"available": False, "message": "No earlier snapshot is kept to compare with yet"}


async def growth_object(reads: Reads, newest: SnapshotHeader, hours: int) -> dict[str, Any]:
    """The growth up to the newest snapshot since `hours` before; since the oldest kept one in a store that is younger.

    Raises SnapshotUnavailable where the store is silent.
    """
    earlier = await _earlier(reads, newest, hours)
    return _TOO_YOUNG if earlier is None else _object(growth_between(earlier, newest, hours), hours)


async def _earlier(reads: Reads, newest: SnapshotHeader, hours: int) -> SnapshotHeader | None:
    header = await reads.header(newest.slot - hours * HOUR)
    if header is None:
        oldest = (await reads.available()).earliest_snapshot
        header = await reads.header(oldest) if oldest is not None else None
    return header if header is not None and header.slot < newest.slot else None


def _object(growth: Growth, hours: int) -> dict[str, Any]:
    return {
        "available": True,
        "period_hours": hours,
        "covered_hours": round(growth.seconds / HOUR, 2),
        "comparison": {
            "start_time": growth.start,
            "end_time": growth.end,
            "start_time_readable": readable(growth.start),
            "end_time_readable": readable(growth.end),
        },
        "nodes": count_change(growth.total),
        "online_nodes": count_change(growth.online),
        "storage": storage_change(growth.storage_committed),
        "network_health": _peers(growth.witnesses),
    }


def count_change(change: Change) -> dict[str, Any]:
    """A number of nodes, then and now."""
    return {
        "start_count": int(change.start),
        "end_count": int(change.end),
        "growth": int(change.delta),
        "growth_percent": shown_percent(change),
    }


def storage_change(change: Change) -> dict[str, Any]:
    """Committed bytes, then and now."""
    return {
        "start_committed": int(change.start),
        "end_committed": int(change.end),
        "growth": int(change.delta),
        "growth_percent": shown_percent(change),
    }


def shown_percent(change: Change) -> float:
    """The change in percent to two decimals; 0 where it started from 0."""
    return round(change.percent or 0.0, 2)


def _peers(change: Change | None) -> dict[str, Any]:
    if change is None:
        return {"start_peer_count": 0, "end_peer_count": 0, "peer_count_change": 0}
    return {
        "start_peer_count": round(change.start, 2),
        "end_peer_count": round(change.end, 2),
        "peer_count_change": round(change.delta, 2),
    }
