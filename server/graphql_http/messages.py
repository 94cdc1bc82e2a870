"""The messages of `graphql-transport-ws`, as a client sends them."""

from typing import Any, cast

import orjson

PROTOCOL = "graphql-transport-ws"
MAX_ID_LENGTH = 128
MAX_FRAME_BYTES = 65_536


class Closed(Exception):
    """The connection must be closed, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def parsed(text: str) -> dict[str, Any]:
    try:
        message: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closed(4400, "Invalid message: not JSON") from None
    if not isinstance(message, dict):
        raise Closed(4400, "Invalid message: not an object")
    return cast("dict[str, Any]", message)


def id_of(message: dict[str, Any]) -> str:
    name: object = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_LENGTH:
        raise Closed(4400, f"Invalid message: `id` must be a string of 1 to {MAX_ID_LENGTH} characters")
    return name


def payload_of(message: dict[str, Any]) -> dict[str, Any]:
    """The optional payload, returned unchanged."""
    payload: object = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closed(4400, "Invalid message: `payload` must be an object")
    return {"payload": payload} if payload is not None else {}


def quoted(name: str) -> str:
    return orjson.dumps(name).decode()
