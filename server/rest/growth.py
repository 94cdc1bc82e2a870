"""Growth of the network between two snapshots, as `/network/growth` and `/network/analytics` show it."""

from typing import Any

from schema.domain.base import HOUR, rounded
from schema.domain.history.trends import Change, Growth, change, covers
from schema.domain.words import counted
from server.rest.clock import readable

_UNKNOWN = "No stored snapshot is close enough to that time for a comparison"
LEVEL = change(0, 0)


def growth_object(growth: Growth, hours: int, interval: int) -> dict[str, Any]:
    """The growth. It has no figures if it is not known, or is known only for a shorter time than requested."""
    if growth.seconds is None or growth.start is None:
        return {"available": False, "message": _UNKNOWN}
    if not covers(growth, interval):
        known = f"{growth.seconds / HOUR:.1f} of {counted(hours, 'hour')} are known: the first snapshot is of {readable(growth.start)}"
        return {"available": False, "message": known}
    return {
        "available": True,
        "period_hours": hours,
        "covered_hours": rounded(growth.seconds / HOUR, 2),
        "comparison": {
            "start_time": growth.start,
            "end_time": growth.end,
            "start_time_readable": readable(growth.start),
            "end_time_readable": readable(growth.end),
        },
        "nodes": count_change(growth.in_gossip or LEVEL),
        "online_nodes": count_change(growth.online or LEVEL),
        "storage": storage_change(growth.storage_committed or LEVEL),
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
    """The change in percent, to two decimals; 0 if the start is 0."""
    return rounded(change.percent or 0.0, 2)


def _peers(change: Change | None) -> dict[str, Any]:
    if change is None:
        return {"start_peer_count": 0, "end_peer_count": 0, "peer_count_change": 0}
    return {
        "start_peer_count": rounded(change.start, 2),
        "end_peer_count": rounded(change.end, 2),
        "peer_count_change": rounded(change.delta, 2),
    }
