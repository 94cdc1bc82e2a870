"""Documents of a malicious client: random selections over the whole schema, with variables."""

import json
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_leaf_type,
    is_required_argument,
)

from schema.graphql.types.scalars import write_datetime
from tests.factories import AT, address, key

PAGES = (0, 1, 20, 100, 250, 500)
PASTS = (300, 3_600, 16 * 3_600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400, 720 * 86_400)
# The past snapshots that `asOf` names. Its search loads none, because loads wait between slices (`LOAD_COST`).
MOMENTS = (AT - 3_600, AT - 86_400, AT - 7 * 86_400)
AS_OF_SHARE = 0.3
MAX_DEPTH = 5
TEXTS = ("0", "4", "0.8.0", "9001", "zz", "addr:")
INTROSPECTION = (
    "__schema { types { name } }",
    "__schema { types { name fields { name args { name type { name ofType { name } } } type { name ofType { name } } } } }",
    "__schema { directives { name args { name } } }",
    '__type(name: "PNode") { fields { name type { name ofType { name } } } }',
)


class Draft(NamedTuple):
    """A selection at the root, with the variables that it uses: their types and values, by name."""

    text: str
    types: dict[str, str]
    values: dict[str, Any]


class Drafter:
    """Writes selections of one schema."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        query = schema.query_type
        assert query is not None
        self._roots: dict[str, GraphQLField] = query.fields
        self._random = random
        self._count = 0

    def draft(self) -> Draft:
        """One selection at the root."""
        self._types: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        if self._random.random() < 0.05:
            return Draft(self._random.choice(INTROSPECTION), {}, {})
        name = self._random.choice(
            [
                *sorted(self._roots),
                *["pnodes"] * 8,
                *["recommendations", "alerts", "operators", "history", "comparePnodes"] * 2,
                *["pnode"] * 4,
                *["versionAdoption"] * 2,
            ]
        )
        return Draft(self._field(name, self._roots[name], 0), self._types, self._values)

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        written = [f"{a}: {v}" for a in field.args if (v := self._argument(a, field)) is not None]
        arguments = f"({', '.join(written)})" if written else ""
        kind: Any = get_named_type(field.type)
        if not isinstance(kind, GraphQLObjectType):
            return name + arguments
        return f"{name}{arguments} {{ {self._selection(kind, depth + 1)} }}"

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        random = self._random
        leaves = [n for n, f in kind.fields.items() if is_leaf_type(get_named_type(f.type)) and not _demands(f)]
        objects = [n for n in kind.fields if n not in leaves]
        chosen = random.sample(leaves, random.randint(0, len(leaves)))
        if depth < MAX_DEPTH and objects:
            chosen += random.sample(objects, random.randint(1, min(3, len(objects))))
        parts = [self._field(n, kind.fields[n], depth) for n in chosen]
        if "groupBy" in kind.fields and random.random() < 0.5:
            groups = random.sample(("STATUS", "VERSION", "SUBNET", "WITNESS_COUNT"), random.randint(1, 3))
            parts += [f"g{g}: groupBy(key: {g}, top: {random.choice((1, 50, 500))}) {{ size }}" for g in groups]
        return " ".join(parts) or "__typename"

    def _argument(self, name: str, field: GraphQLField) -> str | None:
        random = self._random
        kind: Any = get_named_type(field.args[name].type)
        if name in ("first", "top"):
            return str(random.choice(PAGES[1:] if name == "top" else PAGES))
        if name == "orderBy":
            fields = sorted(get_named_type(kind.fields["field"].type).values)  # type: ignore[union-attr]
            chosen = random.sample(fields, random.randint(1, min(5, len(fields))))
            return "[" + ", ".join(f"{{field: {o}, direction: {random.choice(('ASC', 'DESC'))}}}" for o in chosen) + "]"
        if name == "where" and random.random() < 0.8:
            value = self._input(kind, 0)
            if random.random() < 0.5:
                return self._variable(str(field.args[name].type), value)
            return self._literal(value, kind)
        if name == "addresses":
            return json.dumps([address(n) for n in range(1, random.randint(3, 6))])
        if name in ("address", "from", "policy") or (name == "asOf" and random.random() < AS_OF_SHARE):
            values = {
                "address": address(1),
                "from": write_datetime(AT - random.choice(PASTS)),
                "asOf": write_datetime(random.choice(MOMENTS)),
            }
            return json.dumps(values.get(name, random.choice(("1.0", "9"))))
        if is_enum_type(kind) and (
            is_required_argument(field.args[name]) or random.random() < (0.8 if name == "resolution" else 0.3)
        ):
            return random.choice(sorted(kind.values))
        return None

    def _variable(self, type_: str, value: Any) -> str:
        self._count += 1
        name = f"v{self._count}"
        self._types[name], self._values[name] = type_, value
        return f"${name}"

    def _literal(self, value: Any, kind: Any) -> str:
        """A value in text form. Some lists in it have variables."""
        named = get_named_type(kind)
        if isinstance(value, dict):
            return "{" + ", ".join(f"{n}: {self._literal(v, named.fields[n].type)}" for n, v in value.items()) + "}"
        if isinstance(value, list):
            if value and self._random.random() < 0.3:
                return self._variable(str(kind), value)
            return "[" + ", ".join(self._literal(v, get_nullable_type(kind).of_type) for v in value) + "]"
        return str(value) if is_enum_type(named) else json.dumps(value)

    def _input(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        """An input object: nested, wide, or empty."""
        random = self._random
        names = [n for n in kind.fields if not (depth > 3 and n in ("and", "or", "not"))]
        found: dict[str, Any] = {}
        for name in random.sample(names, random.randint(0, min(3, len(names)))):
            found[name] = self._value(name, kind.fields[name].type, depth)
        return found

    def _value(self, name: str, type_: Any, depth: int) -> Any:
        random = self._random
        type_, kind = get_nullable_type(type_), get_named_type(type_)
        if isinstance(type_, GraphQLList):
            few = random.choice((0, 1, 3, 30 if depth < 2 else 3, 100))
            return [self._value(name, type_.of_type, depth) for _ in range(few)]
        if isinstance(kind, GraphQLInputObjectType):
            return self._input(kind, depth + 1)
        if is_enum_type(kind):
            return random.choice(sorted(kind.values))
        match kind.name:
            case "Boolean":
                return random.random() < 0.5
            case "DateTime":
                return write_datetime(AT - random.randint(0, 10**6))
            case "String" | "ID":
                return key(random.randint(1, 50)) if name == "in" else random.choice(TEXTS)
            case "Float":
                return round(random.uniform(0, 100), 2)
            case _:
                return random.randint(0, 10**6)


def _demands(field: GraphQLField) -> bool:
    return any(is_required_argument(argument) for argument in field.args.values())
