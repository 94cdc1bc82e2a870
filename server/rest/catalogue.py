"""The routes as `/` lists them: path, description and a working example. A test compares the list with the routes."""

from typing import Any, cast

CORE = {
    "health": ("/health", "Whether the data are fresh, for monitors", "/health"),
    "pnodes": ("/pnodes", "Nodes with scores, filtered, sorted and paged", "/pnodes?status=all&sort_by=score&limit=20"),
    "recommendations": (
        "/recommendations",
        "The nodes worth staking on",
        "/recommendations?limit=5&min_uptime_days=14",
    ),
    "network_health": ("/network/health", "The network's health score, factors and alerts", "/network/health"),
    "operators": ("/operators", "Who runs how many nodes, and how concentrated that is", "/operators?min_nodes=2"),
    "compare": ("/pnodes/compare", "Two to five nodes side by side", "/pnodes/compare?addresses={address},{address}"),
}
ANALYTICS = {
    "analytics": ("/network/analytics", "Versions, storage, connectivity, growth and advice", "/network/analytics"),
    "topology": ("/network/topology", "Which seed lists which node, as a graph", "/network/topology"),
    "history": ("/network/history", "The network over time", "/network/history?hours=168&resolution=1h"),
    "growth": ("/network/growth", "The network now compared with some hours ago", "/network/growth?hours=168"),
    "consistency": ("/network/consistency", "How consistently nodes stay in gossip", "/network/consistency?limit=50"),
}
ALERTS = {
    "alerts": ("/alerts", "Nodes with something wrong, counted", "/alerts?severity=warning"),
    "critical_alerts": ("/alerts/critical", "Nodes with critical alerts", "/alerts/critical"),
    "node_alerts": ("/pnodes/{address}/alerts", "The alerts of one node", "/pnodes/{address}/alerts"),
}
ADVANCED = {
    "node_history": ("/node/{address}/history", "One node over time", "/node/{address}/history?days=7"),
    "node_consistency": (
        "/node/{address}/consistency",
        "How consistently one node stays in gossip",
        "/node/{address}/consistency",
    ),
    "node_metrics": (
        "/node/{address}/metrics-summary",
        "A node's averages",
        "/node/{address}/metrics-summary?hours=24",
    ),
    "history_status": ("/nodes/history-status", "How much history is stored", "/nodes/history-status"),
    "all_nodes": ("/all-nodes", "Everything that the seeds reported, in the shapes of older clients", "/all-nodes"),
    "liveness": ("/health/live", "Whether the process is alive, for platforms", "/health/live"),
    "readiness": ("/health/ready", "Whether it can serve, for load balancers", "/health/ready"),
}
REGISTRY = {
    "registry": ("/registry", "All nodes ever known", "/registry?limit=20"),
    "registry_entry": ("/registry/{address}", "One node, known now or before", "/registry/{address}"),
    "pnode": ("/pnodes/{address}", "The same as /registry/{address}", "/pnodes/{address}"),
    "graveyard": ("/graveyard", "Nodes that have been gone for a long time", "/graveyard?days=90"),
}
GROUPS = {
    "core_endpoints": CORE,
    "analytics_endpoints": ANALYTICS,
    "alert_endpoints": ALERTS,
    "advanced_endpoints": ADVANCED,
    "registry_endpoints": REGISTRY,
}

ABOUT: dict[str, Any] = {
    "description": "Analytics for Xandeum storage nodes: which are online, healthy and trustworthy, now and in the "
    "past",
    "tagline": "GraphQL is the main API; these routes give the same data to clients of the earlier API",
    "features": {
        "liveness": "Proved by advancing uptimes, not taken from gossip",
        "scores": "Trust and capacity with every part and constant published",
        "advice": "Recommendations, comparisons and alerts with the figures behind them",
        "history": "In four resolutions, with gaps distinguished from zeros",
        "identity": "One row a node, whatever the number of its addresses",
        "availability": "Answers come from memory and remain available during an outage of the store",
    },
    "use_cases": [
        {"title": "Choose nodes to stake on", "paths": ["/recommendations", "/pnodes/compare"]},
        {"title": "Watch a node", "paths": ["/pnodes/{address}/alerts", "/node/{address}/history"]},
        {"title": "Watch the network", "paths": ["/network/health", "/network/analytics", "/alerts/critical"]},
        {"title": "Monitor this service", "paths": ["/health", "/health/live", "/health/ready"]},
    ],
    "performance": {
        "caching": "Cache-Control max-age reaches to the next snapshot",
        "compression": "zstd, br, gzip by Accept-Encoding, from 1 kB",
        "conditional_requests": "ETag with If-None-Match, and HEAD, on every route",
    },
    "documentation": {
        "interactive_api_docs": "/docs",
        "alternative_docs": "/redoc",
        "openapi": "/openapi.json",
        "graphql": "/graphql",
        "graphql_schema": "/schema.graphql",
        "swagger": "/docs",
        "redoc": "/redoc",
    },
    "resources": {"graphql": "/graphql", "openapi": "/openapi.json", "health": "/health"},
    "quick_examples": {
        "best nodes": "/recommendations?limit=5",
        "all nodes by score": "/pnodes?status=all&sort_by=score",
        "the last week": "/network/history?hours=168",
    },
}


def endpoint_groups() -> dict[str, dict[str, dict[str, str]]]:
    """The catalogue by group: name to path, description and example."""
    return {
        group: {
            name: {"path": path, "description": description, "example": example}
            for name, (path, description, example) in entries.items()
        }
        for group, entries in GROUPS.items()
    }


def endpoint_map() -> dict[str, str]:
    """Every path with its description: the older form of the same catalogue."""
    return {path: description for entries in GROUPS.values() for path, description, _ in entries.values()}


def under(root_path: str, part: Any) -> Any:
    """The same part of the catalogue for clients that put `root_path` in front of every path."""
    if isinstance(part, str):
        return root_path + part if part.startswith("/") else part
    if isinstance(part, list):
        return [under(root_path, item) for item in cast("list[Any]", part)]
    if isinstance(part, dict):
        found = cast("dict[str, Any]", part)
        return {under(root_path, name): under(root_path, value) for name, value in found.items()}
    return part
