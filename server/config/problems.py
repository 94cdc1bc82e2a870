"""Error messages for unusable settings: one line with the name, the value and what was expected."""

from collections.abc import Callable
from typing import cast

from pydantic_core import ErrorDetails

from server.process.masking import HIDDEN, mask_credentials, mask_url

URL_FIELDS = frozenset({"mongo_uri", "redis_url"})
SECRET_FIELDS = frozenset({"credits_url", "solana_rpc_url"})
"""URLs of which any part may be a key."""
MAX_SHOWN_CHARS = 120


def problem_of(error: ErrorDetails, expected_of: Callable[[str], str]) -> str:
    """A validation error as "NAME=value: expected … (reason)". `expected_of` takes the name of a field."""
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    name = str(error["loc"][0])
    reason = f" ({error['ctx']['error']})" if error["type"] == "value_error" and "ctx" in error else ""
    return f"{name.upper()}={shown_value(name, error['input'])}: expected {expected_of(name)}{reason}"


def shown_value(name: str, value: object) -> str:
    """The value of the field `name` as one line, without passwords."""
    if name in SECRET_FIELDS:
        return HIDDEN
    text = ",".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else str(value)
    shown = mask_url(text) if name in URL_FIELDS else mask_credentials(text)
    shown = shown[:MAX_SHOWN_CHARS]
    return shown if shown.isprintable() else shown.encode("unicode_escape").decode()
