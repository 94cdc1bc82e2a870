"""A node over time, as `/node/{address}/history` and `/node/{address}/metrics-summary` show it."""

from typing import Any

from schema.domain.base import DAY, GIB, HOUR, rounded
from schema.domain.history.points import History, HistoryPoint
from schema.domain.history.rollup import combine
from schema.domain.history.timeline import online_samples, version_at
from schema.domain.history.trends import node_trends
from schema.domain.node.pnode import PNode
from server.rest.clock import readable
from server.rest.growth import LEVEL
from server.rest.history import hours_covered, mean, newest, quality_word, resolution_name
from server.rest.node import shown_score, shown_uptime

NO_POINTS = "There is no history of this node in this range"


def unavailable_history(key: str, message: str) -> dict[str, Any]:
    """The body of the 200 response if there is no history."""
    note = (
        "History begins when a node is first seen; see /registry for all nodes, /nodes/history-status for the history"
    )
    return {"address": key, "available": False, "message": message, "note": note, "error": None}


def history_body(node: PNode, history: History, days: int) -> dict[str, Any]:
    """The node's points, the changes, and its availability."""
    points = history.points
    seen = online_samples(points)
    return {
        "address": node.place,
        "available": True,
        "data_points": len(points),
        "resolution": resolution_name(history.resolution),
        "time_range": {
            "start": points[0].start,
            "end": points[-1].start,
            "start_readable": readable(points[0].start),
            "end_readable": readable(points[-1].start),
            "days": days,
            "covered_hours": hours_covered(points),
        },
        "history": [_row(node, point) for point in points],
        "trends": _trends(points),
        "availability": {
            "online_snapshots": seen.online,
            "offline_snapshots": seen.samples - seen.online,
            "total_snapshots": seen.samples,
            "availability_percent": seen.percent,
        },
        "current_status": {
            "is_online": node.is_online,
            "score": shown_score(node),
            "uptime": shown_uptime(node),
            "storage_usage_percent": node.storage_usage_percent or 0.0,
        },
    }


def metrics_object(history: History, hours: int) -> dict[str, Any]:
    """The node's averages over the range. Those of the score are over the samples that have one."""
    points = history.points
    if not points:
        return {"available": False, "message": NO_POINTS}
    seen = online_samples(points)
    whole = combine(points, points[0].start, points[-1].end, sum(point.expected for point in points))
    scores = whole.stats.get("score")
    return {
        "available": True,
        "time_range_hours": hours,
        "covered_hours": hours_covered(points),
        "snapshots_analyzed": seen.samples,
        "availability_percent": seen.percent,
        "avg_score": mean(whole, "score"),
        "avg_storage_usage": mean(whole, "storage_usage_percent"),
        "avg_peer_count": mean(whole, "witnesses"),
        "min_score": scores.min / 100 if scores else 0,
        "max_score": scores.max / 100 if scores else 0,
    }


def _row(node: PNode, point: HistoryPoint) -> dict[str, Any]:
    return {
        "_id": f"{node.id}:{point.start}",
        "address": node.place,
        "timestamp": point.start,
        "timestamp_readable": readable(point.start),
        "partial": point.partial,
        "is_online": bool(newest(point, "online")),
        "online_percent": online_samples([point]).percent,
        "version": version_at(node, point.start),
        "uptime": _whole(point, "uptime"),
        "storage_committed": _whole(point, "storage_committed"),
        "storage_used": _whole(point, "storage_used"),
        "storage_usage_percent": point.mean("storage_usage_percent"),
        "peer_count": newest(point, "witnesses"),
        "peer_sources": None,
        "is_public": bool(node.is_public),
        "score": mean(point, "score"),
        "trust_score": mean(point, "trust"),
        "capacity_score": mean(point, "capacity"),
    }


def _trends(points: tuple[HistoryPoint, ...]) -> dict[str, Any]:
    found = node_trends(points)
    uptime = found.uptime if found and found.uptime else LEVEL
    used = found.storage_used if found and found.storage_used else LEVEL
    score = found.score if found and found.score else LEVEL
    score_change = rounded(score.delta, 2)
    return {
        "uptime_change_seconds": int(uptime.delta),
        "uptime_change_hours": rounded(uptime.delta / HOUR, 1),
        "storage_used_change_bytes": int(used.delta),
        "storage_used_change_gb": rounded(used.delta / GIB, 2),
        "score_change": score_change,
        "score_trend": quality_word(score_change),
    }


def _whole(point: HistoryPoint, metric: str) -> int | None:
    value = point.last(metric)
    return None if value is None else round(value)


def days_between(first: int, last: int) -> float:
    """Days, to two decimals."""
    return rounded((last - first) / DAY, 2)
