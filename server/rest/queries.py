"""Query strings in one form for all that ask the same, so that what no route reads makes no new question."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


class KnownQueries:
    """The query parameters of each route, the first route that matches a path counting as in the router."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes = [
            (route.path_regex, frozenset(field.alias for field in route.dependant.query_params))
            for route in routes
            if isinstance(route, APIRoute) and "GET" in (route.methods or ())
        ]

    def plain(self, path: str, query_string: bytes) -> bytes:
        """The query string without what the route of this path does not read, in the order of names.

        Of a parameter that is given more than once the last value stays, as it is the one that the route reads. The
        result means the same to the route; a path without a route reads nothing.
        """
        if not query_string:
            return query_string
        names = next((names for pattern, names in self._routes if pattern.match(path)), frozenset[str]())
        given = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)) if names else {}
        return urlencode(sorted((name, value) for name, value in given.items() if name in names)).encode()
