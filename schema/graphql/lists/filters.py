"""Typed filters: converts operator inputs to a test of an item, or of all rows of a list at once.

The fields of a filter are combined with AND, as are the operators of a field. An unknown value only matches
`isNull: true`. `not` is the exact complement of its content. A list under `and` requires all, one under `or` any.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from strawberry import UNSET

from schema.domain.errors import BadUserInput
from schema.graphql.lists.columns import Column, Columns
from schema.graphql.lists.index import ColumnIndex, Index, Rows

T = TypeVar("T")

MAX_LIST = 100
MAX_NESTING = 5
MAX_CONDITIONS = 100
MAX_GROUPS = 200
MAX_TEXT = 200

Test = Callable[[Any], bool]
Select = Callable[[Index[Any]], Rows]


class Condition(NamedTuple):
    """One condition in two equivalent forms: a test of an item, and the rows of a list for which it holds."""

    test: Test
    rows: Select


class Filter(NamedTuple):
    """A compiled filter (None accepts all items), with a key that is equal for equal filters.

    `test` is for single items, as in subscriptions; `rows` is for lists.
    """

    test: Test | None
    canonical: Hashable
    rows: Select | None = None


EVERYTHING = Filter(None, ())


def compile_filter(where: object | None, columns: Columns[T]) -> Filter:
    """The filter of an input object. Its fields are named after columns.

    Raises BadUserInput if an operator is null, or a bound on lists, texts, nesting, groups or conditions is exceeded.
    """
    if where is None:
        return EVERYTHING
    builder = _Builder(columns.by_name)
    conditions, canonical = builder.group(where, 1)
    if not conditions:
        return Filter(None, canonical)
    joined = _all(conditions)
    return Filter(joined.test, canonical, joined.rows)


class _Builder:
    """Compiles one filter, and counts its parts."""

    def __init__(self, columns: Mapping[str, Column[Any]]) -> None:
        self._columns = columns
        self._conditions = 0
        self._groups = 0

    def group(self, where: object, depth: int) -> tuple[list[Condition], Hashable]:
        """The conditions of one input object, all of which must hold."""
        if depth > MAX_NESTING:
            raise BadUserInput(f"the filter is nested deeper than {MAX_NESTING}", {"limit": MAX_NESTING})
        self._groups += 1
        if self._groups > MAX_GROUPS:
            raise BadUserInput(f"the filter has more than {MAX_GROUPS} groups", {"limit": MAX_GROUPS})
        conditions: list[Condition] = []
        canonical: list[Hashable] = []
        for name, value in _given(where):
            if value is None:
                raise BadUserInput(f"{_public_name(name)} is null, expected a filter; leave out what is not wanted")
            condition, form = self._member(name, value, depth)
            conditions.append(condition)
            canonical.append((name, form))
        return conditions, tuple(canonical)

    def _member(self, name: str, value: Any, depth: int) -> tuple[Condition, Hashable]:
        if name == "not_":
            conditions, form = self.group(value, depth + 1)
            return _not(_all(conditions)), form
        if name in {"and_", "or_"}:
            parts = [self.group(part, depth + 1) for part in _bounded_list(_public_name(name), value)]
            joined = [_all(part) for part, _ in parts]
            return _all(joined) if name == "and_" else _any(joined), tuple(form for _, form in parts)
        return self._operators(name, value)

    def _operators(self, name: str, value: object) -> tuple[Condition, Hashable]:
        column = self._columns[name]
        conditions: list[Condition] = []
        canonical: list[Hashable] = []
        for operation, operand in _given(value):
            public = f"{_public_name(name)}.{_public_name(operation)}"
            self._count()
            if operand is None:
                raise BadUserInput(f"{public} is null; use isNull to ask for what is not known")
            checked = _checked(public, operand)
            test = _OPERATORS[operation](column, checked)
            conditions.append(Condition(test, _on_column(name, _ON_ROWS[operation], checked)))
            canonical.append((operation, checked))
        return _all(conditions), tuple(canonical)

    def _count(self) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise BadUserInput(f"the filter has more than {MAX_CONDITIONS} conditions", {"limit": MAX_CONDITIONS})


def _given(where: object) -> list[tuple[str, object]]:
    """The given members of an input object, including null ones, in the order of their declaration."""
    return [(name, value) for name, value in vars(where).items() if value is not UNSET]


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


def _every_row(index: Index[Any]) -> Rows:
    return index.all


def _every_item(item: object) -> bool:
    return True


_EVERYTHING = Condition(_every_item, _every_row)


def _all(conditions: list[Condition]) -> Condition:
    """All of them hold. True if there are none."""
    if not conditions:
        return _EVERYTHING
    if len(conditions) == 1:
        return conditions[0]
    tests = [condition.test for condition in conditions]

    def test_all(item: object) -> bool:
        for test in tests:  # noqa: SIM110  (a generator would take twice the time, for each of thousands of items)
            if not test(item):
                return False
        return True

    def rows(index: Index[Any]) -> Rows:
        found = index.all
        for condition in conditions:
            found &= condition.rows(index)
        return found

    return Condition(test_all, rows)


def _any(conditions: list[Condition]) -> Condition:
    """At least one of them holds."""
    tests = [condition.test for condition in conditions]

    def test_any(item: object) -> bool:
        for test in tests:  # noqa: SIM110  (a generator would take twice the time)
            if test(item):
                return True
        return False

    def rows(index: Index[Any]) -> Rows:
        found = 0
        for condition in conditions:
            found |= condition.rows(index)
        return found

    return Condition(test_any, rows)


def _not(condition: Condition) -> Condition:
    def test_not(item: object) -> bool:
        return not condition.test(item)

    def rows(index: Index[Any]) -> Rows:
        return index.all & ~condition.rows(index)

    return Condition(test_not, rows)


def _on_column(name: str, find: Callable[[ColumnIndex, Any], Rows], operand: Any) -> Select:
    return lambda index: find(index.column(name), operand)


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
_ON_ROWS: Mapping[str, Callable[[ColumnIndex, Any], Rows]] = {
    "eq": lambda column, operand: column.equal(operand),
    "ne": lambda column, operand: column.known & ~column.equal(operand),
    "in_": lambda column, operands: column.among(operands),
    "gt": lambda column, bound: column.above(bound, inclusive=False),
    "gte": lambda column, bound: column.above(bound, inclusive=True),
    "lt": lambda column, bound: column.below(bound, inclusive=False),
    "lte": lambda column, bound: column.below(bound, inclusive=True),
    "contains": lambda column, part: column.containing(part),
    "starts_with": lambda column, prefix: column.starting(prefix),
    "is_null": lambda column, wanted: column.unknown if wanted else column.known,
}
