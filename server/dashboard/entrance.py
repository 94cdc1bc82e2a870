"""Detects which requests at `/` and `/graphql` come from a browser that wants a page, by their `Accept` header."""

from functools import lru_cache
from http import HTTPStatus

from starlette.types import Scope, Send

from server.http.reply import send_whole
from server.weights import weighted

PAGE_PATHS = DASHBOARD_PATH, EXPLORER_PATH = ("/dashboard", "/graphiql")
# Browsers get the dashboard here, all other clients JSON.
PATH = "/"
_PAGE = "text/html"
# From the most specific to the least specific. The first type in the list decides.
_DATA = ("application/json", "application/*", "*/*")


@lru_cache(maxsize=512)
def prefers_page(accept: bytes | None) -> bool:
    """Whether the header names HTML and prefers it to JSON. Wildcards alone mean JSON, for compatibility."""
    if not accept or b"html" not in accept.lower():
        return False
    weights = dict(weighted(accept.decode("latin-1")))
    data = next((weights[kind] for kind in _DATA if kind in weights), 0.0)
    return weights.get(_PAGE, 0.0) > data


def wants_page(scope: Scope) -> bool:
    """Whether a client prefers HTML. Repeated header lines count as one."""
    return prefers_page(b",".join([value for name, value in scope["headers"] if name == b"accept"]))


def inside(scope: Scope) -> Scope:
    """The same request for the dashboard."""
    return {**scope, "path": DASHBOARD_PATH, "raw_path": DASHBOARD_PATH.encode()}


def wants_explorer(accept: bytes | None, query_string: bytes) -> bool:
    """Whether a GET of `/graphql` comes from a browser and has no query, neither as text nor by hash."""
    asks = b"query=" in query_string or b"extensions=" in query_string
    return not asks and prefers_page(accept)


async def show_explorer(send: Send, prefix: str) -> None:
    """Redirect a browser to the explorer. `prefix` precedes all paths, with a trailing slash."""
    location = (b"location", (prefix.rstrip("/") + EXPLORER_PATH).encode())
    varies = (b"vary", b"Accept, Accept-Encoding")
    await send_whole(send, HTTPStatus.TEMPORARY_REDIRECT, b"", None, [location, varies])
