"""Requests of which every byte is there, before anything else is made of them."""

from collections.abc import Callable, Hashable


class AskedHead:
    """The head of a plain request, which one client sends many times: what stands in it, taken apart once.

    `headers` have one line for each name, in small letters. `length` is that of the body, in bytes.
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
        # Under which the answer of a route is kept.
        self.question: Hashable = (path, query_string)


# The whole answer to a head and a body, with these header lines at its beginning; None where it is not known.
Known = Callable[[AskedHead, bytes, bytes], bytes | None]
