import math

from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import rounded
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
