"""All REST routes, as one router for the composition root to include."""

import json
from importlib.resources import files
from typing import Any

from fastapi import APIRouter

from schema.reads import Reads
from server.rest.health import health_routes
from server.rest.network import network_routes
from server.rest.pnodes import pnodes_routes
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
        recommendation_routes(views, examples),
        registry_routes(views, examples),
        network_routes(views, examples),
    ):
        router.include_router(routes.router)
    return router


def load_examples() -> Examples:
    """Real answers by operation id, made by the tests from an invented network."""
    path = files("server.rest").joinpath("examples.json")
    examples: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return examples
