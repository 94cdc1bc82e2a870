"""Typed filters: operator inputs, and what turns them into a test of an item.

The fields of a filter are joined by AND, as are the operators of a field. A value that is not known matches nothing but
`isNull: true`; `not` is the plain complement of what is inside it. A list under `and`, `or` matches all of, any of.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple, TypeVar, cast

import strawberry
from strawberry import UNSET

from schema.domain.errors import BadUserInput
from schema.graphql.columns import Column, Columns
from schema.graphql.enums import AlertType, ConsistencyStatus, EventType, PNodeStatus, Severity, Tier
from schema.graphql.scalars import BigInt, DateTime

T = TypeVar("T")

MAX_LIST = 100
MAX_NESTING = 5
MAX_CONDITIONS = 100
MAX_TEXT = 200

Test = Callable[[Any], bool]


class Filter(NamedTuple):
    """A filter made ready: the test of an item (None admits all), and what makes two filters the same."""

    test: Test | None
    canonical: Hashable


EVERYTHING = Filter(None, ())


def operator(text: str) -> Any:
    """A field of an operator input that may be left out, but is never null."""
    return strawberry.field(description=text, default=UNSET)


_EQ = "Equal to this."
_NE = "Known, and different from this."
_IN = "One of these; at most 100."
_GT, _GTE, _LT, _LTE = "Greater than this.", "This or greater.", "Less than this.", "This or less."
_NULL = "Whether the value is not known."


@strawberry.input(description="Tests of a text, by code point; texts of at most 200 characters.")
class StringFilter:
    eq: str | None = operator(_EQ)
    ne: str | None = operator(_NE)
    in_: list[str] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    contains: str | None = operator("Has this anywhere in it; upper and lower case differ.")
    starts_with: str | None = operator("Begins with this; upper and lower case differ.")
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of a version; gt, gte, lt and lte go by version precedence, so 0.10 is above 0.9.")
class VersionFilter:
    eq: str | None = operator(_EQ)
    ne: str | None = operator(_NE)
    in_: list[str] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: str | None = operator("Newer than this.")
    gte: str | None = operator("This or newer.")
    lt: str | None = operator("Older than this.")
    lte: str | None = operator("This or older.")
    contains: str | None = operator("Has this anywhere in it.")
    starts_with: str | None = operator("Begins with this.")
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of an integer of any size.")
class BigIntFilter:
    eq: BigInt | None = operator(_EQ)
    ne: BigInt | None = operator(_NE)
    in_: list[BigInt] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: BigInt | None = operator(_GT)
    gte: BigInt | None = operator(_GTE)
    lt: BigInt | None = operator(_LT)
    lte: BigInt | None = operator(_LTE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of an integer.")
class IntFilter:
    eq: int | None = operator(_EQ)
    ne: int | None = operator(_NE)
    in_: list[int] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: int | None = operator(_GT)
    gte: int | None = operator(_GTE)
    lt: int | None = operator(_LT)
    lte: int | None = operator(_LTE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of a number.")
class FloatFilter:
    eq: float | None = operator(_EQ)
    ne: float | None = operator(_NE)
    in_: list[float] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: float | None = operator(_GT)
    gte: float | None = operator(_GTE)
    lt: float | None = operator(_LT)
    lte: float | None = operator(_LTE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of a time.")
class DateTimeFilter:
    eq: DateTime | None = operator(_EQ)
    ne: DateTime | None = operator(_NE)
    gt: DateTime | None = operator("After this.")
    gte: DateTime | None = operator("At this or after it.")
    lt: DateTime | None = operator("Before this.")
    lte: DateTime | None = operator("At this or before it.")
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of a truth value.")
class BooleanFilter:
    eq: bool | None = operator(_EQ)
    ne: bool | None = operator(_NE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="Tests of a status.")
class PNodeStatusFilter:
    eq: PNodeStatus | None = operator(_EQ)
    ne: PNodeStatus | None = operator("Different from this.")
    in_: list[PNodeStatus] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="Tests of a tier.")
class TierFilter:
    eq: Tier | None = operator(_EQ)
    ne: Tier | None = operator("Different from this.")
    in_: list[Tier] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="Tests of a severity.")
class SeverityFilter:
    eq: Severity | None = operator(_EQ)
    ne: Severity | None = operator("Different from this.")
    in_: list[Severity] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="Tests of the type of an alert.")
class AlertTypeFilter:
    eq: AlertType | None = operator(_EQ)
    ne: AlertType | None = operator("Different from this.")
    in_: list[AlertType] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="Tests of the type of an event.")
class EventTypeFilter:
    eq: EventType | None = operator(_EQ)
    ne: EventType | None = operator("Different from this.")
    in_: list[EventType] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="Tests of a consistency in a word.")
class ConsistencyStatusFilter:
    eq: ConsistencyStatus | None = operator(_EQ)
    ne: ConsistencyStatus | None = operator("Different from this.")
    in_: list[ConsistencyStatus] | None = strawberry.field(name="in", description=_IN, default=UNSET)


def compile_filter(where: object | None, columns: Columns[T]) -> Filter:
    """The filter that an input object describes; its fields are named after columns.

    Raises BadUserInput where an operator is null, or a bound on lists, texts, nesting or conditions is broken.
    """
    if where is None:
        return EVERYTHING
    builder = _Builder(columns.by_name)
    tests, canonical = builder.group(where, 1)
    return Filter(_all(tests), canonical)


class _Builder:
    """Walks one filter, counting what it holds."""

    def __init__(self, columns: Mapping[str, Column[Any]]) -> None:
        self._columns = columns
        self._conditions = 0

    def group(self, where: object, depth: int) -> tuple[list[Test], Hashable]:
        """The tests of one input object, all of which must hold."""
        if depth > MAX_NESTING:
            raise BadUserInput(f"the filter is nested deeper than {MAX_NESTING}", {"limit": MAX_NESTING})
        tests: list[Test] = []
        canonical: list[Hashable] = []
        for name, value in _given(where):
            if value is None:
                raise BadUserInput(f"{_public_name(name)} is null, expected a filter; leave out what is not wanted")
            test, form = self._member(name, value, depth)
            tests.append(test)
            canonical.append((name, form))
        return tests, tuple(canonical)

    def _member(self, name: str, value: Any, depth: int) -> tuple[Test, Hashable]:
        if name == "not_":
            tests, form = self.group(value, depth + 1)
            inner = _all(tests)
            return (lambda item: False) if inner is None else (lambda item: not inner(item)), form
        if name in {"and_", "or_"}:
            parts = [self.group(part, depth + 1) for part in _bounded_list(_public_name(name), value)]
            tests = [_all(part) or _everything for part, _ in parts]
            joined = _all(tests) or _everything if name == "and_" else _any(tests)
            return joined, tuple(form for _, form in parts)
        if name in self._columns:
            return self._operators(name, value)
        tests, form = self.group(value, depth + 1)
        return _all(tests) or _everything, form

    def _operators(self, name: str, value: object) -> tuple[Test, Hashable]:
        column = self._columns[name]
        tests: list[Test] = []
        canonical: list[Hashable] = []
        for operation, operand in _given(value):
            public = f"{_public_name(name)}.{_public_name(operation)}"
            self._count()
            if operand is None:
                raise BadUserInput(f"{public} is null; use isNull to ask for what is not known")
            checked = _checked(public, operand)
            tests.append(_OPERATORS[operation](column, checked))
            canonical.append((operation, checked))
        return _all(tests) or _everything, tuple(canonical)

    def _count(self) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise BadUserInput(f"the filter has more than {MAX_CONDITIONS} conditions", {"limit": MAX_CONDITIONS})


def _given(where: object) -> list[tuple[str, object]]:
    """The members of an input object that were given, null ones included, in the order of their declaration."""
    members = ((field.name, getattr(where, field.name)) for field in fields(cast("Any", where)))
    return [(name, value) for name, value in members if value is not UNSET]


def _public_name(name: str) -> str:
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)


def _checked(name: str, operand: object) -> Hashable:
    if isinstance(operand, list):
        return tuple(_checked(name, element) for element in _bounded_list(name, cast("list[object]", operand)))
    if isinstance(operand, str) and len(operand) > MAX_TEXT:
        raise BadUserInput(f"{name} has {len(operand)} characters, expected at most {MAX_TEXT}", {"limit": MAX_TEXT})
    return operand


def _bounded_list(name: str, values: list[Any]) -> list[Any]:
    if len(values) > MAX_LIST:
        raise BadUserInput(f"{name} has {len(values)} elements, expected at most {MAX_LIST}", {"limit": MAX_LIST})
    return values


def _everything(item: object) -> bool:
    return True


def _all(tests: list[Test]) -> Test | None:
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda item: all(test(item) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda item: any(test(item) for test in tests)


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[[Column[Any], Any], Test]:
    def build(column: Column[Any], operand: Any) -> Test:
        read, key = column.read, column.key
        bound = key(operand)

        def test(item: Any) -> bool:
            value = read(item)
            return value is not None and holds(key(value), bound)

        return test

    return build


def _on_text(holds: Callable[[Any, Any], bool]) -> Callable[[Column[Any], Any], Test]:
    def build(column: Column[Any], operand: Any) -> Test:
        read = column.read

        def test(item: Any) -> bool:
            value = read(item)
            return value is not None and holds(value, operand)

        return test

    return build


def _among(column: Column[Any], operand: Any) -> Test:
    read, admitted = column.read, frozenset(operand)

    def test(item: Any) -> bool:
        value = read(item)
        return value is not None and value in admitted

    return test


def _is_null(column: Column[Any], operand: Any) -> Test:
    read = column.read
    return lambda item: (read(item) is None) is operand


_OPERATORS: Mapping[str, Callable[[Column[Any], Any], Test]] = {
    "eq": _on_text(lambda value, operand: value == operand),
    "ne": _on_text(lambda value, operand: value != operand),
    "in_": _among,
    "gt": _compare(lambda value, bound: value > bound),
    "gte": _compare(lambda value, bound: value >= bound),
    "lt": _compare(lambda value, bound: value < bound),
    "lte": _compare(lambda value, bound: value <= bound),
    "contains": _on_text(lambda value, operand: operand in value),
    "starts_with": _on_text(lambda value, operand: value.startswith(operand)),
    "is_null": _is_null,
}
