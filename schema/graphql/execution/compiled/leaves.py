"""Converts leaf values to JSON: by an expression for the usual values of records, by a function for all others."""

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, cast

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from graphql.pyutils import inspect

from schema.graphql.execution.compiled.errors import Unexpected
from schema.graphql.execution.core import is_awaitable
from schema.graphql.types.scalars import LAST_SECOND, MAX_EXACT, write_bigint, write_datetime

# A snapshot has few different times, and they repeat on every page of nodes.
_rfc3339 = lru_cache(maxsize=8_192)(write_datetime)

Naming = Callable[[str, object], str]
"""Gives a value a name in the generated code; the text says what it is."""


class Leaf(NamedTuple):
    """A scalar or an enum where it is selected; `sound` as in `Load`."""

    type: GraphQLLeafType
    nullable: bool
    sound: Callable[[Any], bool] | None = None


class _Usual(NamedTuple):
    """A condition on `v` that begins with its type, and how a value that fulfils it is written.

    It must not hold for a value that `Load.sound` may refuse.
    """

    condition: str
    written: str = "v"


_USUAL_SCALARS = {
    GraphQLString.name: _Usual("type(v) is str"),
    GraphQLID.name: _Usual("type(v) is str"),
    GraphQLBoolean.name: _Usual("type(v) is bool"),
    GraphQLInt.name: _Usual(f"type(v) is int and {GRAPHQL_MIN_INT} <= v <= {GRAPHQL_MAX_INT}"),
    # Neither NaN nor the infinities are between the bounds.
    GraphQLFloat.name: _Usual(f"type(v) is float and {-sys.float_info.max!r} <= v <= {sys.float_info.max!r}"),
}
_BUILT_IN = {type_.name: type_ for type_ in (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)}


def leaf_expression(leaf: Leaf, load: str, name: Naming) -> str:
    """Python that writes the value of the expression `load`. It assigns the value to `v`, or `load` is `v`."""
    if isinstance(leaf.type, GraphQLEnumType):
        table = _names_of(leaf.type, nullable=leaf.nullable)
        if table is not None:
            return f"{name('names', table)}[{load}]"
    whole = name("leaf", leaf)
    usual = _usual(leaf.type, name)
    if usual is None:
        return f"{whole}({load})"
    bound = "v" if load == "v" else f"v := {load}"
    if leaf.nullable:
        written = "v" if usual.written == "v" else f"(None if v is None else {usual.written})"
        return f"{written} if ({bound}) is None or {usual.condition} else {whole}(v)"
    return f"{usual.written} if {usual.condition.replace('(v)', f'({bound})', 1)} else {whole}(v)"


def leaf_writer(leaf: Leaf) -> Callable[[Any], Any]:
    """Writes any value of the leaf, or raises, as graphql-core and `Attribute` do together."""
    type_, nullable, sound = leaf

    def write(value: Any) -> Any:
        if sound is not None and value is not None and not sound(value):
            value = None
        if value is None and nullable:
            return None
        if value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value):
            raise Unexpected(f"{inspect(value)} is no value of {type_}")
        written = type_.coerce_output_value(value)
        if written is None or written is Undefined:
            raise Unexpected(f"{inspect(value)} cannot be written as {type_}")
        return written

    return write


def _names_of(type_: GraphQLEnumType, *, nullable: bool) -> dict[str | None, str | None] | None:
    """The public name of each value; None for other enums than those of strings.

    A member of an enum of strings equals its value and hashes like it, so that one look-up finds both.
    """
    members = cast("type | None", getattr(type_, "wrapped_cls", None))
    if members is None or not issubclass(members, str):
        return None
    table: dict[str | None, str | None] = {None: None} if nullable else {}
    for name, value in type_.values.items():
        table.setdefault(value.value, name)
    return table


def _usual(type_: GraphQLLeafType, name: Naming) -> _Usual | None:
    if not isinstance(type_, GraphQLScalarType):
        return None
    if _BUILT_IN.get(type_.name) is type_:
        return _USUAL_SCALARS[type_.name]
    if type_.coerce_output_value is write_bigint:
        return _Usual(f"type(v) is int and {-MAX_EXACT} <= v <= {MAX_EXACT}")
    if type_.coerce_output_value is write_datetime:
        return _Usual(f"type(v) is int and 0 <= v <= {LAST_SECOND}", f"{name('time', _rfc3339)}(v)")
    return None
