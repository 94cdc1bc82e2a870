"""The scalars for large numbers and times in JSON: `BigInt` and `DateTime`.

Records hold integers and unix seconds; both are converted here and nowhere else.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NewType

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from schema.domain.base import written

BigInt = NewType("BigInt", int)
DateTime = NewType("DateTime", int)

MAX_EXACT = 2**53 - 1
MAX_BIGINT_DIGITS = 39  # 2^128 has 39: far beyond any byte count, far below what int() takes long to read
LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that RFC 3339 can write

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z", re.ASCII)
_HOUR_AND_MINUTE = r"(?:[01]\d|2[0-3]):[0-5]\d"
# `datetime.fromisoformat` also reads forms that RFC 3339 does not have, such as a date alone.
_TIME = re.compile(
    rf"\d{{4}}-\d\d-\d\d[Tt]{_HOUR_AND_MINUTE}:\d\d(?:\.\d{{1,9}})?(?:[Zz]|[+-]{_HOUR_AND_MINUTE})\Z", re.ASCII
)


def write_bigint(value: object) -> int | str:
    """A JSON number if every reader can represent it exactly (|n| <= 2^53-1), else a decimal string."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"BigInt cannot represent {value!r:.60}, expected an integer.")
    return value if -MAX_EXACT <= value <= MAX_EXACT else str(value)


def read_bigint(value: object) -> int:
    """An integer from a JSON number or a decimal string of at most 39 digits."""
    if isinstance(value, str):
        return _integer(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**MAX_BIGINT_DIGITS:
        raise GraphQLError(f"BigInt cannot represent {value!r:.60}, expected an integer or a decimal string.")
    return value


def read_bigint_literal(node: ValueNode, variables: object = None) -> int:
    """`read_bigint` for a value that is written in the document."""
    if isinstance(node, IntValueNode | StringValueNode):
        return _integer(node.value)
    raise GraphQLError("BigInt expects an integer or a decimal string.", node)


def _integer(text: str) -> int:
    if len(text) > MAX_BIGINT_DIGITS + 1 or not _INTEGER.match(text):
        raise GraphQLError(
            f"BigInt cannot represent {text[:60]!r}, expected an integer of at most {MAX_BIGINT_DIGITS} digits."
        )
    return int(text)


_utc = lru_cache(maxsize=8_192)(written)


def write_datetime(value: object) -> str:
    """Unix seconds as RFC 3339 in UTC with `Z`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise TypeError(f"DateTime cannot represent {value!r:.60}, expected unix seconds up to the year 9999.")
    return _utc(value)


def read_datetime(value: object) -> int:
    """Unix seconds, rounded down, from RFC 3339 with an offset, between the years 1970 and 9999."""
    if not isinstance(value, str) or not _TIME.match(value):
        raise GraphQLError(
            f"DateTime cannot represent {value!r:.60}, expected RFC 3339 with an offset, as 2030-01-31T12:00:00Z."
        )
    try:
        seconds = int(datetime.fromisoformat(value.upper()).replace(microsecond=0).timestamp())
    except ValueError as error:
        raise GraphQLError(f"DateTime cannot represent {value!r:.60}: {error}.") from error
    if not 0 <= seconds <= LAST_SECOND:
        raise GraphQLError(f"DateTime cannot represent {value!r:.60}, expected a time from 1970 to 9999.")
    return seconds


def read_datetime_literal(node: ValueNode, variables: object = None) -> int:
    """`read_datetime` for a value that is written in the document."""
    if isinstance(node, StringValueNode):
        return read_datetime(node.value)
    raise GraphQLError('DateTime expects a string, as "2030-01-31T12:00:00Z".', node)


SCALARS: Mapping[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description=(
            "An integer of any size. It is a JSON number if that is exact in IEEE 754 (|n| <= 2^53-1), and a decimal "
            "string otherwise. Both are accepted as input, with at most 39 digits."
        ),
        serialize=write_bigint,
        parse_value=read_bigint,
        parse_literal=read_bigint_literal,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description=(
            "A time in RFC 3339, UTC, with `Z` and whole seconds, such as `2030-01-31T12:00:00Z`. Input may have any "
            "offset, fractions of a second are truncated, and the year is 1970 to 9999."
        ),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=write_datetime,
        parse_value=read_datetime,
        parse_literal=read_datetime_literal,
    ),
}
