"""Complete requests, before they are processed any further."""

from collections.abc import Callable, Hashable


class AskedHead:
    """The parsed head of a plain request. A client sends the same one many times, so it is parsed once.

    `headers` has one line for each name, in lower case. `length` is that of the body, in bytes.
    """

    __slots__ = ("headers", "length", "method", "path", "query_string", "question")

    def __init__(
        self, method: str, path: str, query_string: bytes, headers: dict[bytes, bytes], length: int = 0
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query_string
        self.headers = headers
        self.length = length
        # The key under which the response of a route is cached.
        self.question: Hashable = (path, query_string)


# The whole response to a head and a body, with these header lines at its beginning. None if it is not known.
Known = Callable[[AskedHead, bytes, bytes], bytes | None]
