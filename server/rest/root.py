"""`/`: what this API is, what it offers, and its state."""

from typing import Any

from starlette.responses import Response

from schema.domain.errors import SnapshotUnavailable
from schema.domain.policy import POLICIES, POLICY_1_0
from schema.domain.snapshot.freshness import Freshness, freshness
from schema.domain.snapshot.record import ScorePolicy
from server.rest.catalogue import ABOUT, endpoint_groups, endpoint_map, under
from server.rest.models.root import RootAnswer
from server.rest.node import UNKNOWN_VERSION
from server.rest.respond import answer, whole
from server.rest.routes import Routes
from server.rest.service import ServiceInfo
from server.rest.view import View, Views

API_NAME = "Xandeum PNode Analytics API"
_STATUS_WORDS = {
    Freshness.HEALTHY: "operational",
    Freshness.DEGRADED: "degraded",
    Freshness.UNHEALTHY: "unhealthy",
}
_INITIALIZING_SECONDS = 1


def root_routes(views: Views, service: ServiceInfo) -> Routes:
    """The entrance."""
    routes = Routes("health")
    about, groups, paths = (under(service.root_path, part) for part in (ABOUT, endpoint_groups(), endpoint_map()))

    @routes.get(
        "/",
        operation="getCatalogue",
        summary="What this API is and offers",
        model=RootAnswer,
    )
    async def catalogue() -> Response:
        """The routes with working examples, the state of the service, and every constant behind the scores."""
        try:
            view = views.current()
        except SnapshotUnavailable as error:
            status: dict[str, Any] = {"status": "initializing", "nodes_tracked": 0, "message": error.message}
            policy, interval, at, max_age = None, service.cache_ttl, int(service.clock()), _INITIALIZING_SECONDS
        else:
            status = _status(view)
            header = view.header
            policy, interval, at, max_age = header.policy, header.interval, view.at, views.max_age(view)
        body = {
            "api_name": API_NAME,
            "version": service.version,
            **about,
            "system_status": status | {"network": service.network},
            "sister_deployments": dict(service.sisters),
            "endpoints": paths,
            **groups,
            "scoring_system": _scoring(policy),
            "data_refresh": {
                "interval": interval,
                "method": "A worker queries every seed once per interval; responses come from the newest snapshot in "
                "memory",
                "guarantee": "None: every response has the age of its data, and /health assesses it",
            },
            "timestamp": at,
        }
        # Browsers get the dashboard at this path.
        return answer(whole(body, b"Accept, Accept-Encoding"), max_age)

    return routes


def _status(view: View) -> dict[str, Any]:
    header = view.header
    return {
        "status": _STATUS_WORDS[freshness(view.age, header.interval)],
        "nodes_tracked": header.totals.in_gossip,
        "snapshot_age_seconds": view.age,
        "last_updated": header.taken_at,
    }


def _scoring(stored: ScorePolicy | None) -> dict[str, Any]:
    policy = POLICIES.get(stored.version, POLICY_1_0) if stored else POLICY_1_0
    return {
        "policy": policy.model_dump(mode="json"),
        "latest_version": stored.latest_version or UNKNOWN_VERSION if stored else UNKNOWN_VERSION,
        "latest_version_source": stored.latest_version_source if stored else "none",
    }
