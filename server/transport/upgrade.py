"""Requests that ask for another protocol."""

from server.http.headers import items_of

Headers = list[tuple[bytes, bytes]]


def without_upgrade(headers: Headers) -> Headers:
    """The headers of the same request without the upgrade, for a parser that continues in HTTP."""
    return [header for header in headers if header[0] != b"upgrade"]


def asks_for_socket(headers: Headers) -> bool:
    """Whether an upgrade to WebSocket, and nothing else, is requested."""
    return b"upgrade" in items_of(headers, b"connection") and items_of(headers, b"upgrade") == [b"websocket"]


def head_of(method: str, target: bytes, version: str, headers: Headers) -> bytes:
    """The head of a request, to be parsed again."""
    lines = [b"%b %b HTTP/%b" % (method.encode(), target, version.encode())]
    lines += [b"%b: %b" % header for header in headers]
    return b"\r\n".join([*lines, b"", b""])
