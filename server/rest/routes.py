"""Creates routes: GET and HEAD, with and without a trailing slash, documented once."""

from collections.abc import Callable, Coroutine, Mapping
from inspect import signature
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from server.rest.equivalents import EQUIVALENTS
from server.rest.models.errors import PlainError, Refusal, RpcError, WrongParameters

Endpoint = Callable[..., Coroutine[Any, Any, Response]]

_UNAVAILABLE: dict[str, Any] = {
    "model": RpcError,
    "description": "No snapshot has been collected yet, or the store does not answer; try again after `Retry-After`",
}
_NOT_MODIFIED: dict[str, Any] = {"description": "The client already has this response (`If-None-Match`)"}
_WRONG_METHOD: dict[str, Any] = {"model": Refusal, "description": "Only GET and HEAD are allowed; see `Allow`"}
_WRONG_PARAMETERS: dict[str, Any] = {"model": WrongParameters, "description": "A parameter is out of bounds"}
UNKNOWN_NODE: dict[int | str, dict[str, Any]] = {
    404: {"model": PlainError, "description": "No node is known under this address"}
}


class Routes:
    """The routes of one topic, gathered in `router`."""

    def __init__(self, tag: str) -> None:
        self.router = APIRouter(tags=[tag])

    def get(
        self,
        path: str,
        *,
        operation: str,
        summary: str,
        model: type[BaseModel],
        responses: Mapping[int | str, dict[str, Any]] | None = None,
        kept: bool = True,
    ) -> Callable[[Endpoint], Endpoint]:
        """Register a coroutine for GET and HEAD of `path`.

        The docstring and the equivalent GraphQL query become the description. HEAD and a trailing slash work without
        being documented. Slashes are never redirected, because a redirect would repeat the Host header. `kept` is false
        if clients must not cache the responses.
        """

        def register(endpoint: Endpoint) -> Endpoint:
            documented = {405: _WRONG_METHOD, 503: _UNAVAILABLE, **(responses or {})}
            if kept:
                documented[304] = _NOT_MODIFIED
            if signature(endpoint).parameters:
                documented[422] = _WRONG_PARAMETERS
            self.router.add_api_route(
                path,
                endpoint,
                methods=["GET"],
                operation_id=operation,
                summary=summary,
                description=f"{_paragraphs(endpoint)}\n\nGraphQL equivalent: `{EQUIVALENTS[operation]}`",
                response_model=model,
                responses=documented,
            )
            self._hidden(path, endpoint, ["HEAD"])
            if path != "/":
                self._hidden(f"{path}/", endpoint, ["GET", "HEAD"])
            return endpoint

        return register

    def _hidden(self, path: str, endpoint: Endpoint, methods: list[str]) -> None:
        self.router.add_api_route(path, endpoint, methods=methods, include_in_schema=False, response_model=None)


def _paragraphs(endpoint: Endpoint) -> str:
    lines = (endpoint.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)
