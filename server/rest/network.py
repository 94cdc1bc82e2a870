"""`/network/health`, `/network/analytics`, `/network/history`, `/network/growth`, `/network/topology`."""

from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import Response

from schema.domain.base import HOUR, rounded
from schema.domain.snapshot.record import NetworkHealth
from schema.growth import read_growth
from server.rest.analytics import analytics_sections, performance_object
from server.rest.growth import growth_object
from server.rest.history import RESOLUTIONS, network_point, read_network_history
from server.rest.history import network_summary as history_summary
from server.rest.models.history import NetworkHistoryAnswer
from server.rest.models.network import AnalyticsAnswer, GrowthAnswer, NetworkHealthAnswer, TopologyAnswer
from server.rest.params import Hours
from server.rest.respond import answer
from server.rest.routes import Routes
from server.rest.summary import network_stats, network_summary
from server.rest.topology import topology_body
from server.rest.view import Views

_ResolutionName = Literal["auto", "raw", "5m", "1h", "1d"]


def network_routes(views: Views) -> Routes:
    """Questions about the network as a whole."""
    routes = Routes("network")
    reads = views.reads

    @routes.get(
        "/network/health",
        operation="getNetworkHealth",
        summary="Health of the network",
        model=NetworkHealthAnswer,
    )
    async def health() -> Response:
        """The network's health score, 0 to 100, with its factors, and the alerts of the network as a whole."""
        view = views.current()
        totals, found = view.header.totals, view.header.health
        body = {
            "health": _health_object(found),
            "network_stats": network_stats(totals),
            "summary": network_summary(view),
            "alerts": [
                {
                    "severity": alert.level.value.lower(),
                    "type": alert.type,
                    "message": alert.message,
                    "recommendation": alert.recommendation,
                }
                for alert in view.tables.network_alerts
            ],
            "timestamp": view.at,
        }
        return answer(body, views.max_age(view))

    @routes.get(
        "/network/analytics",
        operation="getNetworkAnalytics",
        summary="Distributions, growth and advice",
        model=AnalyticsAnswer,
    )
    async def network_analytics() -> Response:
        """Versions, use of storage and connectivity of online nodes, growth, timing of the last cycle, and advice."""
        view = views.current()
        periods = {
            name: growth_object(await read_growth(reads, view.header, hours), hours, view.header.interval)
            for name, hours in _PERIODS.items()
        }
        return await views.answer(
            view,
            "analytics",
            lambda: {
                **analytics_sections(view.facts.analytics),
                "growth": periods,
                "growth_metrics": periods,
                "performance": performance_object(view),
                "timestamp": view.at,
            },
        )

    @routes.get(
        "/network/history",
        operation="getNetworkHistory",
        summary="The network over time",
        model=NetworkHistoryAnswer,
    )
    async def history(
        hours: Hours = 24,
        resolution: Annotated[
            _ResolutionName,
            Query(
                description="Resolution of the points; auto, or one with too many points, uses the finest that has at "
                "most 1,000"
            ),
        ] = "auto",
    ) -> Response:
        """The network's counts, sizes and averages over time, oldest first; the open bucket is marked `partial`."""
        view = views.current()
        end = view.header.slot + view.header.interval
        found = await read_network_history(reads, end - hours * HOUR, end, RESOLUTIONS[resolution])
        body = {
            "history": [network_point(point) for point in found.points],
            "summary": history_summary(found, hours),
            "timestamp": view.at,
        }
        return answer(body, views.max_age(view))

    @routes.get(
        "/network/growth",
        operation="getNetworkGrowth",
        summary="Growth of the network",
        model=GrowthAnswer,
    )
    async def growth(hours: Hours = 24) -> Response:
        """Nodes, storage and connectivity now, compared with those some hours ago."""
        view = views.current()
        found = await read_growth(reads, view.header, hours)
        body = {"growth_metrics": growth_object(found, hours, view.header.interval), "timestamp": view.at}
        return answer(body, views.max_age(view))

    @routes.get(
        "/network/topology",
        operation="getNetworkTopology",
        summary="Which seed lists which node",
        model=TopologyAnswer,
    )
    async def network_topology() -> Response:
        """The graph of seeds and the nodes that they list: seeds first, then nodes by address."""
        view = views.current()
        return await views.answer(view, "topology", lambda: topology_body(view.facts.topology, view.at))

    return routes


_PERIODS = {"24_hours": 24, "7_days": 7 * 24}


def _health_object(health: NetworkHealth) -> dict[str, Any]:
    factors = health.factors
    return {
        "health_score": health.score,
        "status": health.status.value.lower(),
        "factors": {
            "availability": rounded(factors.availability, 2) if factors else 0,
            "version_consistency": rounded(factors.version_consistency, 2) if factors else 0,
            "node_quality": rounded(factors.node_quality, 2) if factors else 0,
            "connectivity": rounded(factors.connectivity, 2) if factors else 0,
        },
    }
