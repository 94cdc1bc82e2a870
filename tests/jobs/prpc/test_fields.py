"""Each field accepts only its valid values."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.prpc import fields
from schema.domain.base import MAX_INT64
from tests.factories import key

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ODD = [None, True, False, "5", "", [], {}, [1], math.nan, math.inf, -math.inf, -1, -0.5, 2**63, 2.0**63, 1e300]


def decoded_size(text: str) -> int:
    """The number of bytes that a base58 text decodes to, by plain arithmetic."""
    number = 0
    for char in text:
        number = number * 58 + ALPHABET.index(char)
    return (len(text) - len(text.lstrip("1"))) + (number.bit_length() + 7) // 8


def encoded(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (7, 7), (7.0, 7), (MAX_INT64, MAX_INT64), (9e15, 9 * 10**15), (7.5, None)]
)
def test_counts_are_whole_and_fit_64_bits(value: object, expected: int | None):
    result = fields.count(value)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "read", [fields.count, fields.port, fields.unix_seconds, fields.uptime, fields.percentage, fields.cpu_percent]
)
def test_no_number_field_takes_what_is_not_a_number_in_range(read: Callable[[object], object], value: object):
    assert read(value) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1), (6000, 6000), (6000.0, 6000), (65_535, 65_535), (0, None), (65_536, None)]
)
def test_ports(value: object, expected: int | None):
    assert fields.port(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (315_360_000, 315_360_000), (315_360_001, None), (MAX_INT64, None)]
)
def test_no_pod_has_run_for_more_than_ten_years(value: object, expected: int | None):
    assert fields.uptime(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1), (1_800_000_000, 1_800_000_000), (0, None), (1_800_000_000_000, None), (253_402_300_800, None)],
)
def test_times_have_a_date_and_are_not_milliseconds(value: object, expected: int | None):
    assert fields.unix_seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0.0), (0.0, 0.0), (4.67e-7, 4.67e-7), (100, 100.0), (250.5, 250.5)]
)
def test_percentages_may_pass_a_hundred(value: object, expected: float):
    result = fields.percentage(value)
    assert (result, type(result)) == (expected, float)


@pytest.mark.parametrize(("value", "expected"), [(99.9, 99.9), (100.00001, 100.00001), (900, None), (101.0, None)])
def test_processors_cannot_be_busier_than_busy(value: object, expected: float | None):
    assert fields.cpu_percent(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False), (1, None), (0, None), ("true", None)])
def test_flags_are_booleans(value: object, expected: bool | None):
    assert fields.flag(value) is expected


@pytest.mark.parametrize("value", ["0.8.0", "1.0.0", "0.8.0-trynet.20251226111149.803e9d4", "1.2.0+x", "v" * 64])
def test_versions(value: str):
    assert fields.version(value) == value


@pytest.mark.parametrize(
    "value", ["unknown", "", "0.8.0\n", " 0.8.0", "<script>", "=A1()", "\u202e0.8.0", "0.8٠", "v" * 65, 8, None]
)
def test_texts_that_are_no_version(value: object):
    assert fields.version(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-09-19 12:00:01 UTC", 1_758_283_201),
        ("1970-01-01 00:00:00 UTC", None),
        ("2025-13-19 12:00:00 UTC", None),
        ("2025-09-19T12:00:00 UTC", None),
        ("2025-09-19 12:00:00", None),
        ("2025-09-19 12:00:0٠ UTC", None),
        (1_758_283_201, None),
    ],
)
def test_the_text_form_of_last_seen(value: object, expected: int | None):
    assert fields.last_seen_text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 30 Nov 2026 16:00:45 GMT", 1_796_054_445.0),
        ("Mon, 30 Nov 2026 16:00:45 +0000", 1_796_054_445.0),
        ("", None),
        ("yesterday", None),
        ("Mon, 99 Nov 2026 16:00:45 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 30 Nov 2026 16:00:45 GMT" + " " * 64, None),
        *((odd, None) for odd in ODD),
    ],
)
def test_a_date_is_the_one_in_the_header(value: object, expected: float | None):
    assert fields.http_date(value) == expected


@given(st.text(max_size=70))
def test_any_header_is_a_date_or_none(text: str):
    assert fields.http_date(text) is None or fields.http_date(text)


@given(st.binary(min_size=32, max_size=32))
def test_every_32_bytes_have_a_key(data: bytes):
    assert fields.pubkey(encoded(data)) == encoded(data)


@given(st.text(ALPHABET, min_size=0, max_size=50) | st.integers(0, 44).flatmap(lambda n: st.just("1" * n + "z")))
def test_a_key_is_a_text_that_decodes_to_32_bytes(text: str):
    assert (fields.pubkey(text) is not None) is (decoded_size(text) == 32)


@pytest.mark.parametrize("zeros", range(33))
def test_keys_at_the_ends_of_each_length(zeros: int):
    size = 32 - zeros
    for data in (b"\x01" + bytes(size - 1), b"\xff" * size) if size else (b"",):
        assert fields.pubkey(encoded(bytes(zeros) + data)) is not None
    longer = encoded(bytes(zeros) + b"\x01" + bytes(size))
    assert fields.pubkey(longer) is None


@pytest.mark.parametrize(
    "value", [None, 5, "", "TestPubkey14", "0" * 44, key(1)[:-1] + "0", key(1) + "\n", "z" * 44, "1" * 33, ["x"]]
)
def test_texts_that_are_no_key(value: object):
    assert fields.pubkey(value) is None


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("uptime", None, False),
        ("uptime", "", True),
        ("uptime", "unknown", True),
        ("version", "unknown", False),
        ("version", "", False),
        ("version", "<b>", True),
        ("pubkey", "", False),
        ("pubkey", "unknown", True),
        ("last_seen", "", False),
        ("last_seen", 0, True),
        ("version", [], True),
    ],
)
def test_not_known_is_not_wrong(name: str, value: object, wrong: bool):
    assert fields.is_wrong(name, value) is wrong
