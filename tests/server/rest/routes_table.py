"""The routes as clients ask for them, one working question each, against `world()`."""

from tests.factories import address

NODE = address(1)

PROBES = ("/health", "/health/live", "/health/ready")
PATHS = (
    "/",
    "/pnodes",
    "/recommendations",
    "/registry",
    f"/registry/{NODE}",
    "/network/health",
    "/network/topology",
    "/network/analytics",
    "/network/history",
    "/network/growth",
    "/graveyard",
    f"/pnodes/compare?addresses={NODE},{address(2)}",
    f"/pnodes/{NODE}/alerts",
    "/alerts",
    "/alerts/critical",
    "/operators",
    "/network/consistency",
    f"/node/{NODE}/consistency",
    f"/node/{NODE}/history",
    f"/node/{NODE}/metrics-summary",
    "/nodes/history-status",
    "/all-nodes",
    "/all-nodes?version=raw",
    "/all-nodes?version=unique",
)
# Routes that ask for more than the snapshot in memory holds.
NEEDS_STORE = {
    "/registry",
    "/network/analytics",
    "/network/history",
    "/network/growth",
    "/graveyard",
    f"/node/{NODE}/history",
    f"/node/{NODE}/metrics-summary",
    "/nodes/history-status",
}
