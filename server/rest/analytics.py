"""The sections of `/network/analytics`."""

from typing import Any

from schema.domain.base import rounded
from schema.domain.network.analytics import NetworkAnalytics
from schema.domain.snapshot.performance import performance
from server.rest.node import UNKNOWN_VERSION
from server.rest.summary import version_map
from server.rest.view import View


def analytics_sections(found: NetworkAnalytics) -> dict[str, Any]:
    """The distributions and the advice."""
    population, versions, storage, connectivity = found.population, found.versions, found.storage, found.connectivity
    buckets = connectivity.distribution
    return {
        "current_state": {
            "total_pnodes": population.in_gossip,
            "online_pnodes": population.online,
            "public_nodes": population.public,
            "private_nodes": population.private,
            "unknown_nodes": population.public_unknown,
            "public_ratio_percent": rounded(population.public_percent or 0, 2),
        },
        "version_analysis": {
            "distribution": version_map(versions.distribution),
            "latest_version": versions.latest_version or UNKNOWN_VERSION,
            "latest_version_count": versions.latest_count,
            "outdated_count": versions.outdated_count,
            "unknown_count": versions.unknown_count,
            "compliance_percent": rounded(versions.compliance_percent, 2),
            "fragmentation_index": versions.fragmentation_index,
            "health": versions.grade.value.lower(),
        },
        "storage_analysis": {
            "distribution": storage.distribution.model_dump(),
            "optimal_nodes": storage.distribution.optimal,
            "optimal_percent": rounded(storage.optimal_percent, 2),
            "critical_nodes": storage.distribution.critical,
            "health": storage.grade.value.lower(),
        },
        "connectivity_analysis": {
            "distribution": buckets.model_dump(),
            "well_connected": connectivity.well_connected,
            "well_connected_percent": rounded(connectivity.well_connected_percent, 2),
            "isolated_nodes": buckets.isolated,
            "health": connectivity.grade.value.lower(),
        },
        "recommendations": [
            {
                "category": advice.category,
                "severity": advice.level.value.lower(),
                "message": advice.message,
                "action": advice.action,
            }
            for advice in found.advice
        ],
    }


def performance_object(view: View) -> dict[str, Any]:
    ratio = view.cache_hit_ratio
    return {
        **performance(view.header).model_dump(),
        "snapshot_age_seconds": view.age,
        "response_cache_hit_ratio": None if ratio is None else rounded(ratio, 4),
    }
