"""The addresses on which the server listens."""

import os
import socket

import pytest

from server.transport.listener import inherited, listen


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


def test_a_listening_socket_is_taken_over_with_the_options_of_our_own() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as given,
        inherited(os.dup(given.fileno())) as taken,
        listen("127.0.0.1", 0) as ours,
    ):
        assert taken.getsockname() == given.getsockname()
        for option in ((socket.SOL_SOCKET, socket.SO_SNDBUF), (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)):
            assert taken.getsockopt(*option) == ours.getsockopt(*option)


def test_a_descriptor_that_does_not_listen_is_refused() -> None:
    with socket.socket() as idle, pytest.raises(OSError, match="not a listening socket"):
        inherited(os.dup(idle.fileno()))
    with pytest.raises(OSError, match="Bad file descriptor"):
        inherited(10_000)
