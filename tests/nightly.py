"""How many cases a test tries if there are many of one kind: a few in `make test`, all of them in `make nightly`."""

import os
from collections.abc import Sequence, Set
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

NIGHTLY = "NIGHTLY" in os.environ
WHOLE = "WHOLE" in os.environ
EXAMPLES = 500 if NIGHTLY else 25
"""Examples of each property test that does not set its own number."""


def chosen(cases: Sequence[T], few: int) -> Sequence[T]:
    """All cases in `make nightly`, otherwise `few` of them, including the first and the last, evenly spread."""
    if NIGHTLY or len(cases) <= few:
        return cases
    return [cases[place * (len(cases) - 1) // (few - 1)] for place in range(few)]


def cases(*named: tuple[str, Any], always: Set[str]) -> list[Any]:
    """Parameters of a test by name. Those in `always` run in `make test`, the others in `make nightly` only."""
    if not always or always - dict(named).keys():
        raise ValueError(f"always is {sorted(always)}, expected some of {sorted(dict(named))}")
    return [pytest.param(value, id=name, marks=() if name in always else pytest.mark.nightly) for name, value in named]


def runs_now(item: pytest.Item) -> bool:
    """Whether this run includes the test: one marked `nightly` runs only in `make nightly`, one marked `whole` in
    `make conformance` too."""
    left_out = item.get_closest_marker("nightly") or (not WHOLE and item.get_closest_marker("whole"))
    return NIGHTLY or not left_out
