"""Normalises query strings, so that parameters that no route reads do not create new cache entries."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


class KnownQueries:
    """The query parameters of each route. As in the router, the first route that matches a path counts."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes = [
            (route.path_regex, frozenset(field.alias for field in route.dependant.query_params))
            for route in routes
            if isinstance(route, APIRoute) and "GET" in (route.methods or ())
        ]

    def plain(self, path: str, query_string: bytes) -> bytes:
        """The query string with only the parameters that the route of this path reads, sorted by name.

        If a parameter is given more than once, the last value remains, because the route reads that one. The result is
        equivalent for the route. A path without a route reads nothing.
        """
        if not query_string:
            return query_string
        names = next((names for pattern, names in self._routes if pattern.match(path)), frozenset[str]())
        given = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)) if names else {}
        return urlencode(sorted((name, value) for name, value in given.items() if name in names)).encode()
