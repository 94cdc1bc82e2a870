"""Where the server listens."""

import socket

import pytest

from server.transport.listener import listen


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_unspecified_ipv6_address_takes_both_families(family: socket.AddressFamily, address: str) -> None:
    with listen("::", 0) as listener, socket.socket(family) as client:
        client.connect((address, listener.getsockname()[1]))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_another_ipv6_address_is_that_alone() -> None:
    with listen("::1", 0) as listener, pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", listener.getsockname()[1])).close()


def test_a_port_that_is_taken_is_refused() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])
