"""Typed filters: operator inputs, and what turns them into a test of an item.

The fields of a filter are joined by AND, as are the operators of a field. A value that is not known matches nothing but
`isNull: true`; `not` is the plain complement of what is inside it. A list under `and`, `or` matches all of, any of.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple, TypeVar, cast

from strawberry import UNSET

from schema.domain.errors import BadUserInput
from schema.graphql.columns import Column, Columns

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
        return self._operators(name, value)

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

    def test_all(item: object) -> bool:
        for test in tests:  # noqa: SIM110  (a generator would take twice the time, for each of thousands of items)
            if not test(item):
                return False
        return True

    return test_all


def _any(tests: list[Test]) -> Test:
    def test_any(item: object) -> bool:
        for test in tests:  # noqa: SIM110  (a generator would take twice the time)
            if test(item):
                return True
        return False

    return test_any


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
