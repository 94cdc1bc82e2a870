"""The content of a cursor, before it is checked."""

import base64
import binascii
import json
from typing import Any

from schema.domain.base import Slot
from schema.domain.errors import InvalidCursor

MAX_CURSOR_LENGTH = 2_048


def unpacked(cursor: str) -> Any:
    """The JSON value of a cursor. Raises InvalidCursor if it has none."""
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise InvalidCursor(f"the cursor has {len(cursor)} characters, expected at most {MAX_CURSOR_LENGTH}")
    try:
        raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return json.loads(raw, parse_constant=_refuse)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidCursor("the cursor is not one of ours") from error


def slot_in(cursor: str) -> Slot | None:
    """The slot that a cursor names; None if it is not one of ours."""
    try:
        content = unpacked(cursor)
    except InvalidCursor:
        return None
    match content:
        case [list(), str(), int(slot), str()]:
            return slot
        case _:
            return None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} in a cursor")
