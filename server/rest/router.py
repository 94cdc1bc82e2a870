"""All REST routes, as one router for the composition root to include."""

import json
from importlib.resources import files
from typing import Any

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
from server.rest.pnodes import pnodes_routes
from server.rest.prune import prune_routes
from server.rest.recommendations import recommendation_routes
from server.rest.registry import registry_routes
from server.rest.root import root_routes
from server.rest.routes import Examples
from server.rest.service import ServiceInfo
from server.rest.view import Views


def rest_router(reads: Reads, service: ServiceInfo) -> APIRouter:
    """Every route of the REST surface over `reads`. Also install `server.rest.errors.install_error_handlers`."""
    views, examples = Views(reads, service), load_examples()
    router = APIRouter(redirect_slashes=False)
    for routes in (
        root_routes(views, service, examples),
        health_routes(reads, service, examples),
        pnodes_routes(views, examples),
        compare_routes(views, examples),
        alert_routes(views, examples),
        recommendation_routes(views, examples),
        registry_routes(views, examples),
        network_routes(views, examples),
        consistency_routes(views, examples),
        node_routes(views, examples),
        operator_routes(views, examples),
        all_nodes_routes(views, examples),
    ):
        router.include_router(routes.router)
    router.include_router(prune_routes())
    return router


def load_examples() -> Examples:
    """Real answers by operation id, made by the tests from an invented network."""
    path = files("server.rest").joinpath("examples.json")
    examples: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return examples
