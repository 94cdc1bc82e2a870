"""The cost of one client that sends endlessly or does not read, for a running stack: see `floods`.

Run by `make threats`. The figures come from the server (`/metrics`): CPU time and memory during a flood. Both have the
same limit for every flood, so all floods have the same duration.
"""

import os
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.conformance.floods import FLOODS, Place, Probe, connect, frame, sockets
from tests.conformance.wire import Request, post, send

URL = os.environ["CONFORMANCE_URL"]
STRICT_URL = os.environ["CONFORMANCE_STRICT_URL"]
SECONDS = 4.0
MAX_MEMORY_MB = 50
MAX_CPU_SHARE = 0.5
LOOK_SECONDS = 0.2
DRAIN_SECONDS = 20


def _place() -> Place:
    parts = urlsplit(URL)
    assert parts.hostname is not None
    return Place(parts.hostname, parts.port or 80)


def _figure(name: str) -> float:
    lines = send(URL, Request("GET", "/metrics")).body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Each flood starts when the server has finished with the previous one."""
    yield
    time.sleep(1)


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_costs_little_and_delays_nobody(name: str) -> None:
    send(URL, Request("GET", "/all-nodes"))
    memory, cpu = _figure("process_resident_memory_bytes"), _figure("process_cpu_seconds_total")
    highest = memory
    with Probe(_place()) as probe:
        flood = threading.Thread(target=FLOODS[name], args=(_place(), SECONDS))
        flood.start()
        while flood.is_alive():
            highest = max(highest, _figure("process_resident_memory_bytes"))
            time.sleep(LOOK_SECONDS)
    spent = _figure("process_cpu_seconds_total") - cpu
    grown = (highest - memory) / 2**20
    print(f"{name}: CPU {spent:.2f} s, +{grown:.1f} MB, worst probe {max(probe.taken) * 1e3:.0f} ms")  # noqa: T201
    assert grown < MAX_MEMORY_MB
    assert spent < MAX_CPU_SHARE * SECONDS
    assert sorted(probe.taken)[len(probe.taken) // 2] < 1


def test_a_flood_of_frames_is_closed_with_a_code() -> None:
    with sockets(_place(), 1, frame(b"", final=False)) as (one,):
        one.settimeout(DRAIN_SECONDS)
        one.sendall(frame(b"", 0, final=False) * 2_000)
        with one.makefile("rb") as answers:
            answer = answers.read(4)
    assert answer[:1] == b"\x88"
    assert int.from_bytes(answer[2:4]) == 1_008


def test_a_client_that_sends_all_of_a_refused_body_reads_the_refusal() -> None:
    """Like Python's urllib and Java's client: read only after everything is sent."""
    request = post(b'{"query":"{__typename}"}'.ljust(10_000_000))
    with connect(_place()) as one:
        one.sendall(request.encode())
        assert one.recv(65_536).startswith(b"HTTP/1.1 413 ")


H2C = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA"}


@pytest.mark.parametrize("token", ["h2c", "TLS/1.0", "websocket", "IRC/6.9, RTA/x11"])
def test_an_offer_to_upgrade_changes_nothing(token: str) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in (H2C | {"Upgrade": token}).items())
    body = b'{"query":"{__typename}"}'
    start = f"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{head}"
    with connect(_place()) as one:
        one.sendall(f"{start}Content-Length: {len(body)}\r\n\r\n".encode())
        time.sleep(0.2)
        one.sendall(body)
        with HTTPResponse(one, method="POST") as response:
            response.begin()
            assert response.status == 200
            assert b'{"__typename":"Query"}' in response.read()


def test_the_allowance_is_that_of_the_address_whatever_is_forged() -> None:
    dear = "{pnodes(first: 500) {nodes {id address status version uptime storageUsed storageCommitted lastSeen tier}}}"
    statuses = [
        send(STRICT_URL, post({"query": f"query f{n} {dear}"}, x_forwarded_for=f"2001:db8::{n}, 203.0.113.{n}")).status
        for n in range(2)
    ]
    assert statuses[-1] == 429
