"""Random documents over a schema: valid ones, with correct and incorrect use of all features."""

import json
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

from schema.graphql.types.scalars import write_datetime
from tests.factories import AT, address, key

MAX_DEPTH = 6
MAX_WRITTEN = 32  # fields, including those of fragments once

INTS = (0, 1, 2, 2, 3, 3, 3, 4, 5, 5, 7, 7, 24, 24, 24, -1, 2**31 - 1)
BIG = (0, 1, 3_600, 10**9, 2**53 - 1, 2**53, 2**63 - 1, -5, "9007199254740993")
FLOATS = (0, 0.5, 1, 50.5, 85.0, -1.5, 1e300)
TEXTS = (
    "",
    "x",
    "0.8.0",
    "1.0",
    "9.9",
    address(1),
    address(2),
    key(1),
    key(3),
    "addr:x",
    "é☃",
    '"',
    "\\",
    "{}",
    "a" * 300,
)
TIMES = tuple(write_datetime(at) for at in (AT - 86_400, AT - 3_600, AT - 60, AT, AT + 60, AT + 10**6, 0))
# How often arguments are given that are an error for most values. Others are given one time in five.
SELDOM = {"after": 0.02, "before": 0.02, "last": 0.05, "asOf": 0.1, "policy": 0.1, "version": 0.1, "hours": 0.1}
KNOWN = {
    "from": TIMES[:4],
    "asOf": TIMES[1:4],
    "addresses": (address(1), address(2), key(3), key(4)),
    "address": (address(1), address(5), "45.0.0.9:9001"),
    "pubkey": (key(2),),
    "id": (key(1), key(6), "addr:x"),
}
WRONG = (None, True, 5, 2**40, -0.5, "many", "NOPE", [], [[1]], {}, {"x": 1}, {"eq": None})


class Draft(NamedTuple):
    """A document with variables. `introspects` says whether it has introspection."""

    query: str
    variables: dict[str, Any]
    introspects: bool


class Literal(str):
    """A text that is written into a document unchanged."""


def draft(schema: GraphQLSchema, random: Random) -> Draft:
    """One random document."""
    return _Writer(schema, random).document()


class _Writer:
    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema = schema
        self._random = random
        self._left = MAX_WRITTEN
        self._fragments: dict[str, tuple[str, str]] = {}
        self._open: list[str] = []
        self._definitions: list[str] = []
        self._values: dict[str, Any] = {}
        self._switches: list[str] = []
        # Fields without an alias have the same arguments everywhere, so that they can be merged.
        self._fixed: dict[tuple[str, str], str] = {}
        self._aliases = 0
        self._introspects = False

    def document(self) -> Draft:
        root = self._schema.query_type
        assert root is not None
        body = self._selection(root, 0)
        fragments = [f"fragment {name} on {on} {text}" for name, (on, text) in self._fragments.items()]
        variables = f"({', '.join(self._definitions)})" if self._definitions else ""
        head = f"query q{variables} " if variables or self._chance(0.3) else ""
        return Draft("\n".join([head + body, *fragments]), self._values, self._introspects)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _selection(self, parent: GraphQLObjectType, depth: int) -> str:
        wanted = self._random.choice((1, 1, 1, 2, 3)) if depth == 0 else self._random.randint(1, 7)
        parts: list[str] = []
        for _ in range(wanted):
            part = self._part(parent, depth)
            parts.append(part)
            if self._chance(0.05):
                parts.append(part)
        return "{ " + " ".join(parts) + " }"

    def _part(self, parent: GraphQLObjectType, depth: int) -> str:
        chosen = self._random.random() if self._left > 0 else 1
        if chosen < 0.06:
            condition = f" on {parent.name}" if self._chance(0.6) else ""
            return f"...{condition}{self._conditions()} {self._selection(parent, depth)}"
        if chosen < 0.12:
            return f"...{self._fragment(parent, depth)}{self._conditions()}"
        if chosen < 0.16:
            return f"{self._alias()}__typename{self._conditions()}"
        if depth == 0 and chosen < 0.175:
            self._introspects = True
            return f'{self._alias()}__type(name: "PNode") {{ name kind }}'
        return self._field(parent, depth)

    def _fragment(self, parent: GraphQLObjectType, depth: int) -> str:
        known = [name for name, (on, _) in self._fragments.items() if on == parent.name and name not in self._open]
        if known and self._chance(0.6):
            return self._random.choice(known)
        name = f"F{len(self._fragments) + len(self._open)}"
        self._open.append(name)
        text = self._selection(parent, depth)
        self._open.remove(name)
        self._fragments[name] = (parent.name, text)
        return name

    def _field(self, parent: GraphQLObjectType, depth: int) -> str:
        self._left -= 1
        names = list(parent.fields)
        leaves = [name for name in names if not isinstance(get_named_type(parent.fields[name].type), GraphQLObjectType)]
        if leaves and (depth >= MAX_DEPTH or self._left <= 0 or self._chance(0.35)):
            names = leaves
        asking = [name for name in names if parent.fields[name].args]
        name = self._random.choice(asking if asking and depth > 0 and self._chance(0.15) else names)
        field = parent.fields[name]
        alias = self._alias()
        arguments = self._arguments(parent, name, field, fixed=not alias)
        below = get_named_type(field.type)
        selection = f" {self._selection(below, depth + 1)}" if isinstance(below, GraphQLObjectType) else ""
        text = f"{alias}{name}{arguments}{self._conditions()}{selection}"
        if selection and self._chance(0.08):
            # Selected twice, each time with another selection.
            return f"{text} {alias}{name}{arguments} {self._selection(below, depth + 1)}"
        return text

    def _alias(self) -> str:
        if not self._chance(0.2):
            return ""
        self._aliases += 1
        return f"{self._random.choice(('a', '_', 'def', 'run', 'None', 'x', 'v'))}{self._aliases}: "

    def _conditions(self) -> str:
        if not self._chance(0.07):
            return ""
        value = self._random.choice(("true", "false")) if self._chance(0.5) else f"${self._switch()}"
        return f" @{self._random.choice(('skip', 'include'))}(if: {value})"

    def _switch(self) -> str:
        if self._switches and self._chance(0.5):
            return self._random.choice(self._switches)
        name = f"s{len(self._switches)}"
        self._switches.append(name)
        default = self._random.choice(("", "", " = true", " = false"))
        self._definitions.append(f"${name}: Boolean{default}" if default else f"${name}: Boolean!")
        if not default or self._chance(0.5):
            self._values[name] = self._random.choice((True, False) * 10 + (None,))
        return name

    def _arguments(self, parent: GraphQLObjectType, name: str, field: GraphQLField, *, fixed: bool) -> str:
        known = self._fixed.get((parent.name, name))
        if fixed and known is not None:
            return known
        parts = [f"{each}: {self._argument(each, field.args[each])}" for each in self._asked(parent, name, field)]
        text = f"({', '.join(parts)})" if parts else ""
        if fixed:
            self._fixed[parent.name, name] = text
        return text

    def _asked(self, parent: GraphQLObjectType, name: str, field: GraphQLField) -> list[str]:
        """The arguments that are given."""
        if (parent.name, name) == ("Query", "pnode") and self._chance(0.8):
            return [self._random.choice(("address", "pubkey", "id"))]  # it accepts exactly one of them
        return [
            each
            for each, argument in field.args.items()
            if is_required_argument(argument) or self._chance(SELDOM.get(each, 0.2))
        ]

    def _argument(self, name: str, argument: GraphQLArgument) -> str:
        if self._chance(0.35):
            return f"${self._variable(name, argument)}"
        return self._literal(argument.type, name, 0)

    def _variable(self, hint: str, argument: GraphQLArgument) -> str:
        name = f"v{len(self._values)}_{len(self._definitions)}"
        type_: Any = argument.type
        default = ""
        if self._chance(0.25):
            inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
            type_ = inner
            default = f" = {self._literal(GraphQLNonNull(inner), hint, 0)}"
        elif not isinstance(type_, GraphQLNonNull) and self._chance(0.2):
            type_ = GraphQLNonNull(type_)
        self._definitions.append(f"${name}: {type_}{default}")
        chosen = self._random.random()
        if chosen < 0.96:
            self._values[name] = self._value(type_, hint, 0)
        elif chosen < 0.99:
            self._values[name] = self._random.choice(WRONG)
        return name

    def _value(self, type_: Any, hint: str, depth: int) -> Any:
        """A value of an input type in its JSON form. Names of enums are `Literal`."""
        if not isinstance(type_, GraphQLNonNull):
            return None if depth > 0 and self._chance(0.03) else self._value(GraphQLNonNull(type_), hint, depth)
        type_ = type_.of_type
        if isinstance(type_, GraphQLList):
            items = [self._value(type_.of_type, hint, depth) for _ in range(self._random.randint(0, 3))]
            return list(KNOWN[hint][: len(items) + 1]) if hint in KNOWN and self._chance(0.8) else items
        if isinstance(type_, GraphQLEnumType):
            return Literal(self._random.choice(list(type_.values)))
        if isinstance(type_, GraphQLInputObjectType):
            share = 0.5 if depth == 0 else 0.3
            return {
                name: self._value(field.type, name, depth + 1)
                for name, field in type_.fields.items()
                if is_required_input_field(field) or (depth < 3 and self._chance(share / (1 + len(type_.fields) / 6)))
            }
        if hint in KNOWN and self._chance(0.9):
            return self._random.choice(KNOWN[hint])
        pools: dict[str, tuple[Any, ...]] = {
            "Int": INTS,
            "Float": FLOATS,
            "BigInt": BIG,
            "DateTime": TIMES,
            "Boolean": (True, False),
        }
        return self._random.choice(pools.get(type_.name, TEXTS))

    def _literal(self, type_: Any, hint: str, depth: int) -> str:
        if not isinstance(type_, GraphQLNonNull) and self._chance(0.03):
            return "null"
        return _written(self._value(type_, hint, depth))


def _written(value: Any) -> str:
    match value:
        case Literal():
            return str(value)
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case dict():
            return f"{{{', '.join(f'{name}: {_written(each)}' for name, each in value.items())}}}"
        case _:
            return json.dumps(value)
