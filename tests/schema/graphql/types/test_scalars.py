"""BigInt and DateTime, at the edge between records and JSON."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode
from hypothesis import given
from hypothesis import strategies as st

from schema.graphql.types.scalars import (
    LAST_SECOND,
    MAX_EXACT,
    read_bigint,
    read_bigint_literal,
    read_datetime,
    read_datetime_literal,
    write_bigint,
    write_datetime,
)
from tests.factories import AT
from tests.schema.graphql.asking import Client


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, 0),
        (-5, -5),
        (MAX_EXACT, MAX_EXACT),
        (-MAX_EXACT, -MAX_EXACT),
        (MAX_EXACT + 1, "9007199254740992"),
        (-MAX_EXACT - 1, "-9007199254740992"),
        (2**63 - 1, "9223372036854775807"),
    ],
)
def test_a_bigint_is_a_number_while_json_readers_keep_it_exact(value: int, written: int | str) -> None:
    assert write_bigint(value) == written


@pytest.mark.parametrize("value", [True, 1.5, "7", None, float("nan")])
def test_only_integers_are_written_as_bigint(value: object) -> None:
    with pytest.raises(TypeError):
        write_bigint(value)


@given(st.integers(min_value=-(10**38), max_value=10**38))
def test_what_was_written_as_bigint_is_read_again(value: int) -> None:
    assert read_bigint(write_bigint(value)) == value
    assert read_bigint_literal(StringValueNode(value=str(value))) == value
    assert read_bigint_literal(IntValueNode(value=str(value))) == value


def test_a_float_that_is_an_exact_integer_is_read_as_bigint() -> None:
    assert read_bigint(1e3) == 1_000


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        1.5,
        1e300,
        float("inf"),
        float("nan"),
        10**39,
        "",
        "1.0",
        "+1",
        "01",
        " 1",
        "1\n",
        "１",
        "9" * 5_000,
        "x",
        [1],
    ],
)
def test_what_is_no_integer_is_refused_as_bigint(value: object) -> None:
    with pytest.raises(GraphQLError):
        read_bigint(value)


def test_a_literal_of_thousands_of_digits_is_refused_as_bigint() -> None:
    with pytest.raises(GraphQLError):
        read_bigint_literal(IntValueNode(value="9" * 5_000))
    with pytest.raises(GraphQLError):
        read_bigint_literal(FloatValueNode(value="1.5"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (AT, "2027-01-15T08:00:00Z"),
        (LAST_SECOND, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_is_written_in_utc_with_z(seconds: int, text: str) -> None:
    assert write_datetime(seconds) == text


@pytest.mark.parametrize("value", [-1, LAST_SECOND + 1, 2**63 - 1, 1.5, True, "2027-01-15T08:00:00Z"])
def test_only_unix_seconds_up_to_the_year_9999_are_written_as_a_time(value: object) -> None:
    with pytest.raises(TypeError):
        write_datetime(value)


@given(st.integers(min_value=0, max_value=LAST_SECOND))
def test_what_was_written_as_a_time_is_read_again(seconds: int) -> None:
    assert read_datetime(write_datetime(seconds)) == seconds


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001  (bounds are naive by contract)
def test_an_iso_time_is_read_and_its_fraction_cut_off(moment: datetime) -> None:
    assert read_datetime(moment.isoformat()) == int(moment.replace(microsecond=0).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-15T09:00:00+01:00",
        "2027-01-15T02:30:00-05:30",
        "2027-01-15t08:00:00z",
        "2027-01-15T08:00:00.999999999Z",
        "2027-01-15T08:00:00.000Z",
    ],
)
def test_every_offset_is_read(text: str) -> None:
    assert read_datetime(text) == AT


@pytest.mark.parametrize(
    "value",
    [
        "2027-01-15",
        "2027-01-15T08:00:00",
        "2027-01-15 08:00:00Z",
        "2027-13-15T08:00:00Z",
        "2027-02-30T08:00:00Z",
        "2027-01-15T24:00:00Z",
        "2027-01-15T08:00:60Z",
        "2027-01-15T08:00:00+24:00",
        "2027-01-15T08:00:00+01:60",
        "0000-01-15T08:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2027-01-15T08:00:00Z\n",
        "２027-01-15T08:00:00Z",
        "2027-01-15T08:00:00." + "0" * 1_000 + "Z",
        "",
        "now",
        1_800_000_000,
        None,
        [],
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read_datetime(value)


def test_a_number_in_the_document_is_no_time() -> None:
    with pytest.raises(GraphQLError):
        read_datetime_literal(IntValueNode(value="1800000000"))


@pytest.mark.parametrize("value", [5, "5", MAX_EXACT, str(2**60)])
async def test_both_forms_of_a_bigint_are_accepted_in_variables(value: Any) -> None:
    query = "query q($v: BigInt) { pnodes(where: {uptime: {gt: $v}}) { totalCount } }"

    assert await Client().ask(query, {"v": value}) == {"pnodes": {"totalCount": 30 if int(value) < 10 else 0}}


@pytest.mark.parametrize("literal", ["5", '"5"', str(2**60), f'"{2**60}"'])
async def test_both_forms_of_a_bigint_are_accepted_in_documents(literal: str) -> None:
    answer = await Client().ask(f"{{ pnodes(where: {{uptime: {{lt: {literal}}}}}) {{ totalCount }} }}")

    assert answer == {"pnodes": {"totalCount": 0 if len(literal) < 5 else 30}}
