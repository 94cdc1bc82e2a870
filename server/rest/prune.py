"""`/prune`: removed on purpose."""

from fastapi import APIRouter
from starlette.responses import Response

from server.rest.respond import fresh

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def prune_routes() -> APIRouter:
    """405 for every method, because anybody could delete data with it. The worker applies the retention settings."""
    router = APIRouter()

    async def prune() -> Response:
        body = {"detail": "Method Not Allowed: nothing is deleted over HTTP, the worker applies the retention settings"}
        return fresh(body, status=405, headers={"allow": ""})

    for path in ("/prune", "/prune/"):
        router.add_api_route(path, prune, methods=_METHODS, include_in_schema=False, response_model=None)
    return router
