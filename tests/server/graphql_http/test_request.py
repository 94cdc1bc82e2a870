from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.graphql_http.request import GraphQLRequest, Refused, from_body, from_url

HASH = "a" * 64


def test_a_body_gives_all_four_parameters() -> None:
    body = b'{"query":"{a}","operationName":"x","variables":{"n":1},"extensions":{"k":true}}'
    assert from_body(body) == GraphQLRequest("{a}", "x", {"n": 1}, {"k": True})


def test_a_url_gives_all_four_parameters() -> None:
    request = from_url(b"query=%7Ba%7D&operationName=x&variables=%7B%22n%22%3A1%7D&extensions=%7B%22k%22%3Atrue%7D")
    assert request == GraphQLRequest("{a}", "x", {"n": 1}, {"k": True})


def test_empty_and_unknown_parameters_of_a_url_are_passed_over() -> None:
    assert from_url(b"query=%7Ba%7D&variables=&extensions=&operationName=&utm=1") == GraphQLRequest("{a}")


def test_null_means_absent() -> None:
    assert from_body(b'{"query":"{a}","operationName":null,"variables":null}') == GraphQLRequest("{a}")


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b'"x"',
        b"5",
        b"[]",
        b"[{}]",
        b"{}",
        b"",
        b"{",
        b'{"query":5}',
        b'{"query":"{a}","operationName":["a"]}',
        b'{"query":"{a}","variables":[]}',
        b'{"query":"{a}","extensions":"x"}',
        b'{"query":"{a}","variables":{"n":NaN}}',
        b'{"query":"\xff"}',
        b'{"query":"\\ud800"}',
        b"[" * 60_000,
        '{"query":"{a}"}'.encode("utf-16"),
        b'{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"x"}}}',
        b'{"extensions":{"persistedQuery":{"version":1}}}',
        b'{"extensions":{"persistedQuery":[]}}',
    ],
)
def test_what_is_no_request_is_refused_with_400(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        from_body(body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("query_string", "status"),
    [
        (b"query=%7Ba%7D&query=%7Bb%7D", 400),
        (b"variables=%7B%7D&query=%7Ba%7D&variables=%7B%7D", 400),
        (b"query=%7Ba%7D&variables=nonsense", 400),
        (b"query=%ff", 400),
        (b"&".join(b"a%d=1" % n for n in range(40)), 400),
        (b"query=" + b"a" * 66_000, 414),
        (b"", 400),
    ],
)
def test_a_url_that_is_no_request_is_refused(query_string: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        from_url(query_string)
    assert refused.value.status == status


def test_a_persisted_query_needs_no_text() -> None:
    request = from_body(b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%s"}}}' % HASH.upper().encode())
    assert (request.query, request.persisted_hash) == (None, HASH)


def status_of(read: Callable[[bytes], GraphQLRequest], data: bytes) -> int:
    try:
        read(data)
    except Refused as refused:
        return refused.status
    return 200


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_are_refused(data: bytes) -> None:
    assert {status_of(from_body, data), status_of(from_url, data)} <= {200, 400, 414}
