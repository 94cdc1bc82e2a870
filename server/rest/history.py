"""History rows and summaries in the shape of the earlier API."""

from collections.abc import Sequence
from typing import Any

from schema.domain.base import HOUR, rounded
from schema.domain.errors import RangeTooLarge
from schema.domain.history.points import History, HistoryPoint, Resolution
from schema.domain.history.trends import Trend, history_summary, trend_of
from schema.reads import Reads
from server.rest.clock import readable
from server.rest.growth import LEVEL, count_change, storage_change
from server.rest.node import UNKNOWN_VERSION
from server.rest.summary import count_by_name

RESOLUTIONS = {
    "auto": Resolution.AUTO,
    "raw": Resolution.RAW,
    "5m": Resolution.M5,
    "1h": Resolution.H1,
    "1d": Resolution.D1,
}
_NAMES = {resolution: name for name, resolution in RESOLUTIONS.items()}
_GROWTH_WORDS = {Trend.UP: "growing", Trend.DOWN: "declining", Trend.LEVEL: "stable"}
_QUALITY_WORDS = {Trend.UP: "improving", Trend.DOWN: "declining", Trend.LEVEL: "stable"}
_VERSION_WORDS = {Trend.UP: "fragmenting", Trend.DOWN: "improving", Trend.LEVEL: "stable"}


def resolution_name(resolution: Resolution) -> str:
    return _NAMES[resolution]


def quality_word(shown_change: float) -> str:
    """improving, declining or stable, decided by the rounded change that is shown next to it."""
    return _QUALITY_WORDS[trend_of(shown_change)]


async def read_network_history(reads: Reads, start: int, end: int, resolution: Resolution) -> History:
    """The network's history with the open bucket. If this resolution has too many points, the finest one that fits is
    used.

    The summary has the resolution that was used. Raises SnapshotUnavailable if the store does not answer.
    """
    try:
        return await reads.network_history(start, end, resolution, include_current=True)
    except RangeTooLarge:
        return await reads.network_history(start, end, Resolution.AUTO, include_current=True)


def network_point(point: HistoryPoint) -> dict[str, Any]:
    """One row. Counts and sizes are the newest values of the point; averages are means over it."""
    committed, used = newest(point, "storage_committed"), newest(point, "storage_used")
    gossip = point.in_gossip()
    versions = count_by_name((version, round(n / max(1, point.samples))) for version, n in point.versions)
    return {
        "_id": str(point.start),
        "timestamp": point.start,
        "timestamp_readable": readable(point.start),
        "partial": point.partial,
        "total_pnodes": gossip.last if gossip else newest(point, "total"),
        "online_pnodes": newest(point, "online"),
        "total_ip_nodes": newest(point, "seeds_configured"),
        "public_pnodes": newest(point, "public"),
        "private_pnodes": newest(point, "private"),
        "public_unknown_pnodes": unknown.last if (unknown := point.public_unknown()) else 0,
        "avg_cpu_percent": mean(point, "avg_cpu_percent"),
        "avg_ram_used_percent": mean(point, "avg_ram_used_percent"),
        "total_active_streams": newest(point, "active_streams"),
        "total_bytes_processed": newest(point, "bytes_processed"),
        "total_storage_committed": committed,
        "total_storage_used": used,
        "avg_storage_usage_percent": mean(point, "storage_usage_percent"),
        "storage_utilization_ratio": rounded(100 * used / committed, 2) if committed else 0,
        "avg_peer_count": mean(point, "avg_witnesses"),
        "version_distribution": versions,
        "version_diversity_index": len(versions.keys() - {UNKNOWN_VERSION}),
    }


def network_summary(history: History, hours: int) -> dict[str, Any]:
    """Compares the first point with the last. All keys are always present."""
    found = history_summary(history.points)
    nodes = found.in_gossip if found and found.in_gossip else LEVEL
    storage = found.storage_committed if found and found.storage_committed else LEVEL
    peers = found.witnesses if found and found.witnesses else LEVEL
    versions = found.versions if found else LEVEL
    start, end = (history.points[0].start, history.points[-1].start) if history.points else (None, None)
    peer_change = rounded(peers.delta, 2)
    summary: dict[str, Any] = {
        "data_points": len(history.points),
        "time_range_hours": hours,
        "covered_hours": hours_covered(history.points),
        "resolution": resolution_name(history.resolution),
        "coverage": None if history.coverage is None else rounded(history.coverage, 4),
        "start_timestamp": start,
        "end_timestamp": end,
        "start_time_readable": None if start is None else readable(start),
        "end_time_readable": None if end is None else readable(end),
        "node_growth": count_change(nodes) | {"trend": _GROWTH_WORDS[nodes.trend]},
        "storage_growth": storage_change(storage) | {"trend": _GROWTH_WORDS[storage.trend]},
        "network_health": {
            "start_avg_peers": rounded(peers.start, 2),
            "end_avg_peers": rounded(peers.end, 2),
            "peer_change": peer_change,
            "connectivity_trend": quality_word(peer_change),
        },
        "version_stability": {
            "start_version_count": int(versions.start),
            "end_version_count": int(versions.end),
            "stability": _VERSION_WORDS[versions.trend],
        },
    }
    if not history.points:
        summary["message"] = "There is no history for this time"
    return summary


def hours_covered(points: Sequence[HistoryPoint]) -> float:
    """Hours from the first point to the end of the last one, which may be fewer than requested."""
    return rounded((points[-1].end - points[0].start) / HOUR, 2) if points else 0.0


def newest(point: HistoryPoint, metric: str) -> int:
    """The newest sample of a point, as a whole number; 0 if it was never known."""
    value = point.last(metric)
    return 0 if value is None else round(value)


def mean(point: HistoryPoint, metric: str) -> float:
    """The mean over a point, to two decimals; 0 if it was never known."""
    value = point.mean(metric)
    return 0 if value is None else rounded(value, 2)
