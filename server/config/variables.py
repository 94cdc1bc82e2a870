"""Converts the text of an environment variable to a value, or raises the reason why it cannot."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from schema.domain.versions import parse
from server.config.store_urls import check_mongo_uri, check_redis_url

MAX_SHOWN_CHARS = 80
MAX_SHOWN_ITEMS = 5

_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
# The only characters of a host and a port. The collector parses them completely.
_SEED = re.compile(r"[0-9A-Za-z._:\[\]-]{1,260}")
_KEY = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")


def _split(value: object) -> object:
    """A comma-separated list as a tuple without blanks and duplicates."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def items_like(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    """A comma-separated list in which every item is valid. The error names invalid items with their positions."""

    def check(value: object) -> object:
        texts = value.split(",") if isinstance(value, str) else value
        if not isinstance(texts, list | tuple):
            return value
        items = [str(item).strip() for item in cast("Sequence[object]", texts)]
        wrong = [
            f"item {place}, {item[:MAX_SHOWN_CHARS]!r}"
            for place, item in enumerate(items, 1)
            if item and not pattern.fullmatch(item)
        ]
        if wrong:
            raise ValueError(f"not {what}: {'; '.join(wrong[:MAX_SHOWN_ITEMS])}")
        return value

    return BeforeValidator(check)


def _check_release(version: str) -> str:
    """An invalid version would be ignored silently, and the network's version used instead."""
    if parse(version) is None:
        raise ValueError("not MAJOR.MINOR[.PATCH][-pre][+build]")
    return version


def _url(usable: Callable[[str], None], *schemes: str) -> AfterValidator:
    """A URL with one of these schemes for which `usable` raises no ValueError."""

    def check(url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if not text.startswith(schemes):
            raise ValueError(f"a scheme other than {' '.join(schemes)}")
        usable(text)
        return url

    return AfterValidator(check)


def refuse_quotes(value: object) -> object:
    """`docker --env-file` keeps quotes as part of the value, unlike a shell and `.env`. No setting needs quotes."""
    if isinstance(value, str) and value and (value[0] in _QUOTES or value[-1] in _QUOTES):
        raise ValueError("it has quotes: write it without them, since docker --env-file keeps them in the value")
    return value


def setting(default: Any, expected: str, description: str, **bounds: Any) -> Any:
    """A field whose `expected` completes the sentence "NAME=value: expected …"."""
    return Field(default, description=description, json_schema_extra={"expected": expected}, **bounds)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
MongoUri = Annotated[SecretStr, _url(check_mongo_uri, "mongodb://", "mongodb+srv://")]
RedisUrl = Annotated[SecretStr, _url(check_redis_url, "redis://", "rediss://", "unix://")]
Seeds = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), items_like(_SEED, "HOST or HOST:PORT")]
Keys = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), items_like(_KEY, "a public key in base58")]
Release = Annotated[str, AfterValidator(_check_release)]
LowerCase = BeforeValidator(_lower)
