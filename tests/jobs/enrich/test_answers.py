"""Rows of sources are validated. The fixtures are built from the layouts."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.enrich.answers import ACCOUNT_BYTES, MAX_ROWS, read_credits, read_registry, registration
from jobs.prpc.base58 import base58
from jobs.prpc.errors import CallFailed
from schema.domain.network.enrichment import CreditRow, Registration
from schema.domain.node.failure import FailureCategory
from tests.factories import key
from tests.jobs.enrich.accounts import account, key_bytes, reply


def credit(number: int, credits_: Any) -> dict[str, Any]:
    return {"pod_id": key(number), "credits": credits_}


@pytest.mark.parametrize("wrap", [lambda rows: {"pods_credits": rows, "status": "success"}, lambda rows: rows])
def test_credits_are_read_from_the_wrapper_and_from_a_bare_array(wrap: Any) -> None:
    found = read_credits(orjson.dumps(wrap([credit(1, 44_740), credit(2, 0)])))
    assert set(found.rows) == {CreditRow(key(1), 44_740), CreditRow(key(2), 0)}
    assert found.dropped == 0


@pytest.mark.parametrize(
    "odd", [None, 7, {}, {"pod_id": "x", "credits": 1}, credit(3, -1), credit(3, "9"), credit(3, True)]
)
def test_a_row_that_is_none_is_left_out_and_counted(odd: Any) -> None:
    found = read_credits(orjson.dumps([credit(1, 5), odd]))
    assert (found.rows, found.dropped) == ((CreditRow(key(1), 5),), 1)


def test_the_first_row_of_a_key_counts() -> None:
    found = read_credits(orjson.dumps([credit(1, 5), credit(1, 9)]))
    assert (found.rows, found.dropped) == ((CreditRow(key(1), 5),), 1)


def test_no_more_rows_are_read_than_the_bound() -> None:
    found = read_credits(orjson.dumps([credit(1, 5), *[None] * MAX_ROWS, credit(2, 5)]))
    assert (len(found.rows), found.dropped) == (1, MAX_ROWS + 1)


@pytest.mark.parametrize(
    ("body", "category"),
    [
        (b"<html>", FailureCategory.NOT_JSON),
        (b"null", FailureCategory.BAD_SHAPE),
        (b'{"status":"success"}', FailureCategory.BAD_SHAPE),
        (b"[" * 100_000, FailureCategory.NOT_JSON),
    ],
)
def test_another_answer_is_a_failure_with_a_category(body: bytes, category: FailureCategory) -> None:
    for read in (read_credits, read_registry):
        with pytest.raises(CallFailed) as failed:
            read(body)
        assert failed.value.failure.category is category


def test_an_error_of_the_rpc_node_is_told() -> None:
    with pytest.raises(CallFailed, match="too many requests") as failed:
        read_registry(orjson.dumps({"jsonrpc": "2.0", "error": {"code": -32005, "message": "too many requests"}}))
    assert failed.value.failure.category is FailureCategory.RPC_ERROR


def test_a_registration_is_read_by_its_layout() -> None:
    data = account(
        key_bytes(1), number=7, devnet=key_bytes(2), manager=key_bytes(3), registered_at=1_765_432_100, commission=1_250
    )
    assert len(data) == ACCOUNT_BYTES
    assert registration(data) == Registration(
        owner=base58(key_bytes(1)),
        number=7,
        devnet_key=base58(key_bytes(2)),
        mainnet_key=None,
        manager=base58(key_bytes(3)),
        registered_at=1_765_432_100,
        commission=1_250,
    )


def test_accounts_of_another_kind_are_left_out_and_counted() -> None:
    odd = reply(account(), account()[:-1], bytes(205), bytes(179), account(key_bytes(9), registered_at=-5))
    odd["result"] += [None, {"account": {"data": ["!!", "base64"]}}, {"account": {"data": "x"}}]
    found = read_registry(orjson.dumps(odd))
    assert [row.owner for row in found.rows] == [base58(key_bytes(1))]
    assert found.dropped == 7


@given(st.binary(max_size=300))
def test_any_bytes_are_a_registration_or_none(data: bytes) -> None:
    found = registration(data)
    assert found is None or len(data) == ACCOUNT_BYTES


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        body = orjson.dumps(value)
    except TypeError:
        return  # an integer that JSON libraries cannot represent
    for read in (read_credits, read_registry):
        try:
            read(body)
        except CallFailed:
            continue
