"""Request headers of ASGI scopes, as lists of name and value."""

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

Raw = Sequence[tuple[bytes, bytes]]

# Headers whose value is a comma-separated list: several lines of one name are one list (RFC 9110 §5.3).
_LISTS = frozenset(
    {
        b"accept",
        b"accept-charset",
        b"accept-encoding",
        b"accept-language",
        b"access-control-request-headers",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-language",
        b"expect",
        b"forwarded",
        b"if-match",
        b"if-none-match",
        b"pragma",
        b"prefer",
        b"sec-websocket-extensions",
        b"sec-websocket-protocol",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"vary",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
    }
)
_SEPARATORS = {b"cookie": b"; "}


def combined(raw: Raw) -> dict[bytes, bytes]:
    """Headers by name. Lines of one list are joined; of any other repeated header, the last line counts."""
    headers = dict(raw)
    return headers if len(headers) == len(raw) else _merged(raw)


def _merged(raw: Raw) -> dict[bytes, bytes]:
    merged: dict[bytes, list[bytes]] = {}
    for name, value in raw:
        if name in _LISTS or name in _SEPARATORS:
            merged.setdefault(name, []).append(value)
        else:
            merged[name] = [value]
    return {name: _SEPARATORS.get(name, b", ").join(values) for name, values in merged.items()}


def with_single_lines(
    scope: MutableMapping[str, Any], headers: dict[bytes, bytes] | None = None
) -> MutableMapping[str, Any]:
    """The scope with one line for each header, for code that reads only the first or the last line.

    Pass `headers` if the `combined` ones have already been computed.
    """
    raw: Raw = scope["headers"]
    headers = combined(raw) if headers is None else headers
    return scope if len(headers) == len(raw) else {**scope, "headers": list(headers.items())}


def items_of(raw: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """The items of a comma-separated list, over all of its lines, in lower case."""
    return [
        item
        for header, value in raw
        if header == name
        for item in (part.strip().lower() for part in value.split(b","))
        if item
    ]
