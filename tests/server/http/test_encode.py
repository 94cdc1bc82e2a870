"""JSON bytes contain no negative zero, and nothing else changes."""

import math
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from server.http.encode import encode

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**53), max_value=2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, -0.05, -0.001, 0.0]),
    st.text(max_size=12),
    st.sampled_from(["-0.0", '"-0.0', "-0.0,", '\\":-0.0}', ":-0.0]"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "-0.0,", '":-0.0,"']), inner),
    max_leaves=12,
)


@given(VALUES)
@example([-0.0])
@example({"a": -0.0, "b": "-0.0,"})
@example(['\\":-0.0,', -0.0, "\\", -0.0])
def test_every_value_stays_as_it_is_but_for_the_sign_of_zero(value: Any) -> None:
    written = orjson.loads(encode(value))
    assert written == value
    assert not any(number == 0 and math.copysign(1, number) < 0 for number in floats(written))


def test_a_body_without_negative_zero_is_what_orjson_writes() -> None:
    value = {"delta": -0.05, "text": "2030-01-01 -0.0", "list": [-1, -0.25]}
    assert encode(value) == orjson.dumps(value)


def floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in floats(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in floats(inner)]
    return [value] if isinstance(value, float) else []
