"""The summary of the whole network in `/pnodes` and `/network/health`."""

from collections.abc import Iterable
from typing import Any

from schema.domain.base import rounded
from schema.domain.snapshot.record import NetworkTotals, VersionCount
from server.rest.node import UNKNOWN_VERSION
from server.rest.view import View

# Buckets of history list this many versions, and count all others under an empty name.
OTHER_NAME = "other"


def network_summary(view: View) -> dict[str, Any]:
    """Counts that do not depend on filters, and the age of the snapshot at the time of the view."""
    totals = view.header.totals
    return {
        "total_pnodes": totals.total,
        "in_gossip_pnodes": totals.in_gossip,
        "unsupported_pnodes": totals.unsupported,
        "online_pnodes": totals.online,
        "offline_pnodes": totals.total - totals.online,
        "ghost_pnodes": totals.ghost,
        "unknown_pnodes": totals.unknown,
        "total_storage": totals.storage_committed,
        "snapshot_age_seconds": view.age,
        "last_updated": view.header.taken_at,
    }


def network_stats(totals: NetworkTotals) -> dict[str, Any]:
    """Sums and averages over online nodes."""
    return {
        "total_storage_committed": totals.storage_committed,
        "total_storage_used": totals.storage_used,
        "avg_uptime_hours": rounded((totals.avg_uptime_seconds or 0.0) / 3_600, 2),
        "version_distribution": version_map(totals.versions),
    }


def version_map(versions: tuple[VersionCount, ...]) -> dict[str, int]:
    """Counts by version, in the order given."""
    return count_by_name((version.version, version.count) for version in versions)


def count_by_name(counts: Iterable[tuple[str | None, int]]) -> dict[str, int]:
    """Counts by the name that is shown for a version. Several can share one, because a pod may itself report
    `unknown`."""
    named: dict[str, int] = {}
    for version, count in counts:
        name = UNKNOWN_VERSION if version is None else version or OTHER_NAME
        named[name] = named.get(name, 0) + count
    return named
