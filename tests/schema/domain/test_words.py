"""Messages use the singular for a count of one."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.words import agreeing, counted, plain_number

ROOT = Path(__file__).parents[3]
PLURAL = re.compile(r" (?:(?:different|more|other|open|further|distinct|of them) )?([a-z]+s)\b")
NO_NOUNS = {
    "was",
    "is",
    "has",
    "takes",
    "selects",
    "lies",
    "leads",
    "names",
    "does",
    "ms",
    "holds",
    "this",
    "its",
    "runs",
    "maps",
    "exists",
}
# Counts that are only used above a bound, and counts that are bounds.
NEVER_ONE = {
    ("filters.py", "len(operand)"),
    ("filters.py", "len(values)"),
    ("pnode_queries.py", "len(given)"),
    ("pnode_queries.py", "len(key)"),
    ("checks.py", "len(operations)"),
    ("event_filters.py", "len(among)"),
    ("event_filters.py", "len(subject)"),
    ("cursors.py", "len(cursor)"),
    ("ranges.py", "points"),
    ("ranges.py", "room_for"),
    ("compare.py", "winner.value"),  # with two decimals
    ("compare.py", "len(keys)"),  # two to five, after they are found
    ("endpoint.py", "limit"),
    ("outbox.py", "len(waiting)"),
    ("outbox.py", "self._characters"),
    ("recording.py", "size"),
    ("check_config.py", "count"),
    ("population.py", "len(roles)"),
    ("connection.py", "size"),
    ("client.py", "limit"),
    ("children.py", "quick"),
    ("limits.py", "pairs"),
    ("holdings.py", "limit"),
    ("outage.py", "len(failures)"),
    ("check_config.py", "size"),
}


@pytest.mark.parametrize(("number", "text"), [(0, "0 seeds"), (1, "1 seed"), (2, "2 seeds"), (1.0, "1.0 seed")])
def test_a_noun_agrees_with_its_number(number: float, text: str) -> None:
    assert counted(number, "seed") == text


def test_a_plural_of_its_own_is_named() -> None:
    assert [counted(n, "node is", "nodes are") for n in (1, 2)] == ["1 node is", "2 nodes are"]
    assert [agreeing(n, "address", "addresses") for n in (1, 2)] == ["address", "addresses"]


def plurals(path: Path) -> Iterator[tuple[str, str, str]]:
    """Each value in a text that is followed by a plural noun: file, expression, noun."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, after in pairwise(parts):
            if not (isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)):
                continue
            found, expression = PLURAL.match(str(after.value)), ast.unparse(value.value)
            if found and found[1] not in NO_NOUNS and not re.fullmatch(r"(\w+\.)?[A-Z_]+", expression):
                yield path.name, expression, found[1]


def test_no_message_has_a_plural_after_a_number_that_can_be_one() -> None:
    sources = [path for folder in ("schema", "server", "jobs") for path in (ROOT / folder).rglob("*.py")]
    found = [each for path in sources for each in plurals(path)]
    assert [each for each in found if each[:2] not in NEVER_ONE] == []


def test_a_plural_after_a_number_is_found(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(
        'f"asks {len(seeds)} seeds"; f"{n} different versions"; f"{x} is"; f"{MAX} bytes"', encoding="utf-8"
    )
    assert list(plurals(path)) == [("odd.py", "len(seeds)", "seeds"), ("odd.py", "n", "versions")]


@given(value=st.floats(allow_nan=False, allow_infinity=False), digits=st.integers(1, 17))
def test_a_number_in_a_message_has_no_exponent_and_keeps_its_digits(value: float, digits: int) -> None:
    text = plain_number(value, digits)
    assert re.fullmatch(r"(?!-0$)-?\d+(\.\d*[1-9])?", text)
    assert float(text) == float(f"{value:.{digits}g}")


@pytest.mark.parametrize(
    ("value", "text"), [(0.000098, "0.000098"), (12.0, "12"), (1.5e9, "1500000000"), (-0.25, "-0.25")]
)
def test_a_number_in_a_message_is_as_short_as_it_can_be(value: float, text: str) -> None:
    assert plain_number(value) == text
