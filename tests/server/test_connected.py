"""The API as a process, with any kind of open connection."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.odd_connections import HANDSHAKE, INIT, ODD
from tests.processes import Process, fetch, free_port, module, wait_until

pytestmark = pytest.mark.stack

SECONDS = 60


class Server:
    """A running API without stores."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "MONGO_URI": f"mongodb://127.0.0.1:{free_port()}/",
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
            "PORT": str(self.port),
            "DRAIN_SECONDS": "0",
            "SHUTDOWN_SECONDS": "3",
            "LOG_FORMAT": "json",
            **settings,
        }
        self.process: Process = module("server", log=folder / "api.log", env=env)

    def live(self, host: str = "127.0.0.1") -> bool:
        return fetch(f"http://{host}:{self.port}/health/live")[0] == 200

    def wait(self) -> None:
        wait_until(self.live, "the API is live")

    def connect(self, first: bytes) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        made.sendall(first)
        return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    with running.process:
        running.wait()
        yield running


def read_until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while end not in found:
        chunk = connection.recv(65_536)
        assert chunk, f"it ended after {found!r}"
        found += chunk
    return found


def test_it_leaves_cleanly_whatever_is_connected(server: Server) -> None:
    healthy = server.connect(f"{HANDSHAKE}\r\n".encode() + INIT)
    read_until(healthy, b"connection_ack")
    odd = [server.connect(first) for first in ODD.values()]
    assert server.live()
    server.process.child.terminate()
    last = read_until(healthy, b"\x88")
    assert last[last.index(b"\x88") + 2 :][:2] in (b"\x03\xe9", b"\x03\xf4")  # 1001, 1012
    assert server.process.child.wait(SECONDS) == 0
    for one in (healthy, *odd):
        one.close()
    assert "Traceback" not in server.process.text()


def test_a_refused_socket_is_one_line_of_the_log(tmp_path: Path) -> None:
    server = Server(tmp_path, ALLOWED_ORIGINS="https://Dash.example/")
    with server.process:
        server.wait()
        for origin, status in (("https://dash.example", b"101"), ("https://evil.example", b"403")):
            with server.connect(f"{HANDSHAKE}origin: {origin}\r\n\r\n".encode()) as one:
                assert read_until(one, b"\r\n\r\n").split(b" ")[1] == status
        assert server.process.stop() == 0
    lines = [
        line for line in server.process.text().splitlines() if "socket.refused" in line or '"level": "error"' in line
    ]
    assert len(lines) == 1
    assert '"level": "info"' in lines[0]
    assert "https://evil.example" in lines[0]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_the_unspecified_ipv6_address_is_both_families(tmp_path: Path) -> None:
    server = Server(tmp_path, HOST="::")
    with server.process:
        server.wait()
        assert server.live("[::1]")
        assert server.process.stop() == 0


def test_connections_of_one_address_can_be_capped(tmp_path: Path) -> None:
    server = Server(tmp_path, MAX_CONNECTIONS_PER_ADDRESS="2")
    with server.process:
        server.wait()
        with server.connect(b""), server.connect(b""), server.connect(b"") as third:
            assert read_until(third, b"\r\n\r\n").startswith(b"HTTP/1.1 429 ")
        wait_until(server.live, "places are free again")
        assert server.process.stop() == 0


def test_trusting_everybody_is_warned_of(tmp_path: Path) -> None:
    server = Server(tmp_path, FORWARDED_ALLOW_IPS="*")
    with server.process:
        server.wait()
        assert server.process.stop() == 0
    assert "FORWARDED_ALLOW_IPS=*" in server.process.text()
