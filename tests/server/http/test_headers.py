"""Repeated header lines, and the client under which a request is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.clients import client_of, group_of
from server.http.headers import combined, items_of, with_single_lines

LISTS = [b"accept", b"accept-encoding", b"if-none-match", b"x-forwarded-for", b"connection", b"cache-control"]


@given(st.lists(st.tuples(st.sampled_from([*LISTS, b"content-type", b"x-a"]), st.sampled_from([b"a", b"b, c", b"d"]))))
def test_the_lines_of_a_list_are_one_list(raw: list[tuple[bytes, bytes]]) -> None:
    headers = combined(raw)
    assert headers.keys() == {name for name, _ in raw}
    for name in headers:
        lines = [value for other, value in raw if other == name]
        if name in LISTS:
            assert items_of(headers.items(), name) == items_of(raw, name) != []
        else:
            assert headers[name] == lines[-1]


def test_cookies_are_put_together_in_their_own_way() -> None:
    assert combined([(b"cookie", b"a=1"), (b"cookie", b"b=2")]) == {b"cookie": b"a=1; b=2"}


def test_a_scope_without_repetition_stays_as_it_is() -> None:
    scope = {"headers": [(b"accept", b"a")]}
    assert with_single_lines(scope) is scope


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_clients_are_counted_by_address_or_network(address: str, group: str) -> None:
    assert group_of(address) == group
    assert client_of({"client": (address, 1)}) == group


def test_a_client_without_an_address_is_unknown() -> None:
    assert client_of({"client": None}) == client_of({}) == "unknown"
