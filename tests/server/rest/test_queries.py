"""Equivalent query strings count as one request."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rest.queries import KnownQueries
from server.rest.router import rest_surface
from server.rest.service import ServiceInfo
from tests.factories import AT
from tests.fakes import FakeReads

SERVICE = ServiceInfo(version="0", network="devnet", cache_ttl=60, clock=lambda: AT, started_at=AT)
QUERIES: KnownQueries = rest_surface(FakeReads(), SERVICE).queries
NAMES = ("status", "limit", "skip", "sort_by", "sort_order")


@pytest.mark.parametrize(
    ("path", "asked", "plain"),
    [
        ("/all-nodes", b"x=1", b""),
        ("/all-nodes", b"x=1&version=raw&y", b"version=raw"),
        ("/all-nodes", b"version=raw&version=all", b"version=all"),
        ("/all-nodes", b"limit=5", b""),
        ("/pnodes", b"skip=2&limit=5&zz=%00", b"limit=5&skip=2"),
        ("/pnodes", b"limit=", b"limit="),
        ("/pnodes/45.0.1.7:9001/alerts", b"severity=info&version=raw", b"severity=info"),
        ("/network/topology", b"limit=5", b""),
        ("/nowhere", b"limit=5", b""),
        ("/pnodes", b"", b""),
    ],
)
def test_what_the_route_does_not_read_is_left_out(path: str, asked: bytes, plain: bytes) -> None:
    assert QUERIES.plain(path, asked) == plain


@given(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), st.text(max_size=8)), max_size=12))
def test_the_route_reads_the_same_of_it(pairs: list[tuple[str, str]]) -> None:
    asked = urlencode(pairs, errors="replace").encode()
    plain = QUERIES.plain("/pnodes", asked)

    def read(query: bytes) -> dict[str, str]:
        given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        return {name: value for name, value in given.items() if name in NAMES}

    assert read(plain) == read(asked)
    assert QUERIES.plain("/pnodes", plain) == plain
