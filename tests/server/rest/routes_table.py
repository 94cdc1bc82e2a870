"""The routes as clients request them, one working request each, against `world()`."""

from tests.factories import address

NODE = address(1)

PROBE_OPERATIONS = {"getHealth": "/health", "getLiveness": "/health/live", "getReadiness": "/health/ready"}
DATA_OPERATIONS = {
    "getCatalogue": "/",
    "listPnodes": "/pnodes",
    "comparePnodes": f"/pnodes/compare?addresses={NODE},{address(9)}",
    "getPnodeAlerts": f"/pnodes/{NODE}/alerts",
    "listRecommendations": "/recommendations",
    "listRegistry": "/registry",
    "getRegistryEntry": f"/registry/{NODE}",
    "getPnode": f"/pnodes/{NODE}",
    "getNetworkHealth": "/network/health",
    "getNetworkTopology": "/network/topology",
    "getNetworkAnalytics": "/network/analytics",
    "getNetworkHistory": "/network/history",
    "getNetworkGrowth": "/network/growth",
    "getNetworkConsistency": "/network/consistency",
    "getNodeHistory": f"/node/{NODE}/history",
    "getNodeConsistency": f"/node/{NODE}/consistency",
    "getNodeMetricsSummary": f"/node/{NODE}/metrics-summary",
    "getHistoryStatus": "/nodes/history-status",
    "listAlerts": "/alerts",
    "listCriticalAlerts": "/alerts/critical",
    "listOperators": "/operators",
    "listGraveyard": "/graveyard",
    "getAllNodes": "/all-nodes",
}
OPERATIONS = DATA_OPERATIONS | PROBE_OPERATIONS
# Responses in which nearly everything differs from those above.
VARIANTS = (
    "/pnodes?status=all&limit=1000",
    "/pnodes?status=offline&sort_by=storage_used&sort_order=asc",
    "/all-nodes?version=raw",
    "/all-nodes?version=unique",
    f"/registry/{address(900)}",
    f"/node/{address(900)}/consistency",
    "/node/nobody/history",
    f"/node/{address(2)}/history",
    "/node/nobody/metrics-summary",
    f"/node/{address(2)}/metrics-summary",
    f"/pnodes/{address(8)}/alerts",
    f"/pnodes/{address(9)}/alerts",
    f"/pnodes/compare?addresses={address(8)},{address(9)}",
    "/recommendations?limit=50&min_uptime_days=1",
    "/network/history?resolution=raw&hours=1",
    "/network/growth?hours=720",
)
PROBES = tuple(PROBE_OPERATIONS.values())
PATHS = (*DATA_OPERATIONS.values(), *VARIANTS)
# Routes that need more than the snapshot in memory.
NEEDS_STORE = {
    "/registry",
    f"/registry/{address(900)}",
    "/network/analytics",
    "/network/history",
    "/network/growth",
    "/graveyard",
    f"/node/{NODE}/history",
    f"/node/{NODE}/metrics-summary",
    "/nodes/history-status",
    f"/node/{address(900)}/consistency",
    "/node/nobody/history",
    f"/node/{address(2)}/history",
    "/node/nobody/metrics-summary",
    f"/node/{address(2)}/metrics-summary",
    "/network/history?resolution=raw&hours=1",
    "/network/growth?hours=720",
}
