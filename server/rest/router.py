"""All REST routes, as one router for the composition root to include."""

from typing import NamedTuple

from fastapi import APIRouter

from schema.reads import Reads
from server.rest.alerts import alert_routes
from server.rest.all_nodes import all_nodes_routes
from server.rest.compare import compare_routes
from server.rest.consistency import consistency_routes
from server.rest.health import health_routes
from server.rest.network import network_routes
from server.rest.nodes import node_routes
from server.rest.operators import operator_routes
from server.rest.params import register_node_keys
from server.rest.pnodes import pnodes_routes
from server.rest.prune import prune_routes
from server.rest.queries import KnownQueries
from server.rest.recommendations import recommendation_routes
from server.rest.registry import pnode_routes, registry_routes
from server.rest.root import root_routes
from server.rest.service import ServiceInfo
from server.rest.view import Views


class RestSurface(NamedTuple):
    """The routes, and the query parameters that they read."""

    router: APIRouter
    queries: KnownQueries


def rest_router(reads: Reads, service: ServiceInfo) -> APIRouter:
    """Every route of the REST surface over `reads`.

    Its application should be a `server.rest.openapi.DocumentedApi` with `server.rest.errors.install_error_handlers`.
    """
    return rest_surface(reads, service).router


def rest_surface(reads: Reads, service: ServiceInfo) -> RestSurface:
    """`rest_router`, with the query parameters that its routes read."""
    register_node_keys()
    views = Views(reads, service)
    router = APIRouter(redirect_slashes=False)
    topics = (
        root_routes(views, service),
        health_routes(reads, service),
        pnodes_routes(views),
        compare_routes(views),
        alert_routes(views),
        recommendation_routes(views),
        registry_routes(views),
        network_routes(views),
        consistency_routes(views),
        node_routes(views),
        operator_routes(views),
        all_nodes_routes(views),
        pnode_routes(views),
    )
    for routes in topics:
        router.include_router(routes.router)
    router.include_router(prune_routes())
    return RestSurface(router, KnownQueries(route for routes in topics for route in routes.router.routes))
