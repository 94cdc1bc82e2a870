import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import backoff, read_time, rounded, written
from schema.domain.node.pnode import PNode
from tests.factories import pnode


def test_records_keep_no_account_of_which_fields_were_set() -> None:
    made, read = pnode(1), PNode.model_validate_json(pnode(1).model_dump_json())
    assert made.model_fields_set == read.model_fields_set == read.provenance.model_fields_set == set()


def test_a_copy_leaves_the_records_that_share_that_alone() -> None:
    node = pnode(1)
    for deep in (False, True):
        copied = node.model_copy(update={"uptime": 1}, deep=deep)
        assert copied == PNode.model_validate({**node.model_dump(), "uptime": 1})
        assert node.model_fields_set == set()
    assert node.uptime != 1
    assert node.model_copy() == node
    assert node.model_copy(update={"uptime": 1}).model_fields_set == set()


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_rounding_gives_no_negative_zero_and_is_plain_rounding_otherwise(value: float, digits: int) -> None:
    assert rounded(value, digits) == round(value, digits)
    assert rounded(value, digits) != 0 or math.copysign(1, rounded(value, digits)) == 1


@given(st.integers(0, 10**12), st.floats(0.001, 3_600), st.floats(0.001, 86_400))
def test_waits_double_up_to_a_bound_after_any_number_of_failures(failures: int, first: float, longest: float) -> None:
    wait = backoff(failures, first=first, longest=longest)
    assert min(first, longest) <= wait <= longest
    assert backoff(failures + 1, first=first, longest=longest) == min(longest, wait * (2 if failures else 1))


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_a_time_that_was_written_is_read_again(at: int) -> None:
    assert read_time(written(at)) == at
    assert read_time(written(at).removesuffix("Z")) == at, "UTC if no zone is named"


def test_a_zone_and_a_date_alone_are_read() -> None:
    assert read_time("2027-01-15T09:00:00+01:00") == 1_800_000_000
    assert read_time("2027-01-15") == 1_800_000_000 - 8 * 3_600


@pytest.mark.parametrize("text", ["", "now", "1800000000000", "2027-13-01", "2027-01-15T25:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_time(text)
