"""How an environment variable is read: from its text to a value, or to the reason why that cannot be."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from schema.domain.versions import parse

_SEED = re.compile(r"[0-9A-Za-z._:\[\]-]{1,260}")


def _split(value: object) -> object:
    """A comma list as a tuple without blanks and repetitions."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _check_seeds(seeds: tuple[str, ...]) -> tuple[str, ...]:
    """Nothing but what a host and a port are written with; the collector reads them in full."""
    for seed in seeds:
        if not _SEED.fullmatch(seed):
            raise ValueError(f"{seed!r} is not HOST or HOST:PORT")
    return seeds


def _check_release(version: str) -> str:
    """What does not parse would be passed over in silence, and the network's own word used instead."""
    if parse(version) is None:
        raise ValueError("not MAJOR.MINOR[.PATCH][-pre][+build]")
    return version


def _scheme(*schemes: str) -> AfterValidator:
    def check(uri: SecretStr) -> SecretStr:
        if not uri.get_secret_value().startswith(schemes):
            raise ValueError(f"a scheme other than {' '.join(schemes)}")
        return uri

    return AfterValidator(check)


def setting(default: Any, expected: str, description: str, **bounds: Any) -> Any:
    """A field whose `expected` completes the sentence "NAME=value: expected …"."""
    return Field(default, description=description, json_schema_extra={"expected": expected}, **bounds)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
MongoUri = Annotated[SecretStr, _scheme("mongodb://", "mongodb+srv://")]
RedisUrl = Annotated[SecretStr, _scheme("redis://", "rediss://", "unix://")]
Seeds = Annotated[Names, AfterValidator(_check_seeds)]
Release = Annotated[str, AfterValidator(_check_release)]
LowerCase = BeforeValidator(_lower)
