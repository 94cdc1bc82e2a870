"""The floods that one client can send to a server. Each is a function that sends on its connections until a deadline.

`python -m tests.conformance.floods HOST:PORT PID [NAME…]` measures a running server under each of them.
"""

import contextlib
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

SECONDS = 8.0
CONNECTIONS = 5
READERS = 100
STREAMS = 30
_CHUNK = 2**16
_PROBE_SECONDS = 0.05
_ANSWER_SECONDS = 60
_SMALL_BUFFER = 4_096
_TICKS = 100

UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


class Place(NamedTuple):
    """The address of a server."""

    host: str
    port: int


Flood = Callable[[Place, float], None]


def connect(place: Place, *, receive_buffer: int = 0) -> socket.socket:
    """A connection. `receive_buffer` limits how much it accepts before it is read."""
    made = socket.socket(socket.AF_INET)
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(_ANSWER_SECONDS)
    made.connect(place)
    return made


def frame(payload: bytes, opcode: int = 1, *, final: bool = True) -> bytes:
    """A client's frame of at most 125 bytes, masked with zeros."""
    return bytes([opcode | (0x80 if final else 0), 0x80 | len(payload), 0, 0, 0, 0]) + payload


def pour(connections: list[socket.socket], data: bytes, until: float) -> None:
    """Send `data` repeatedly on each connection that accepts it, and read nothing."""
    open_ones = list(connections)
    for one in open_ones:
        one.setblocking(False)
    while open_ones and time.monotonic() < until:
        _, ready, _ = select.select([], open_ones, [], 0.1)
        for one in ready:
            try:
                one.send(data)
            except BlockingIOError:
                continue
            except OSError:
                open_ones.remove(one)


@contextlib.contextmanager
def held(place: Place, count: int, first: bytes, *, receive_buffer: int = 0) -> Generator[list[socket.socket]]:
    """Connections that have sent this much. They are closed at the end."""
    made = list[socket.socket]()
    try:
        for _ in range(count):
            made.append(connect(place, receive_buffer=receive_buffer))
            made[-1].sendall(first)
        yield made
    finally:
        for one in made:
            one.close()


def sockets(place: Place, count: int, *messages: bytes) -> contextlib.AbstractContextManager[list[socket.socket]]:
    """WebSockets that have sent these frames after their handshake."""
    return _opened(place, count, messages)


@contextlib.contextmanager
def _opened(place: Place, count: int, messages: tuple[bytes, ...]) -> Generator[list[socket.socket]]:
    with held(place, count, UPGRADE) as made:
        for one in made:
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += one.recv(_CHUNK)
            for message in messages:
                one.sendall(message)
        yield made


def continuations(place: Place, seconds: float) -> None:
    """Empty continuation frames of an endless message."""
    with sockets(place, CONNECTIONS, frame(b"", final=False)) as made:
        pour(made, frame(b"", 0, final=False) * 10_000, time.monotonic() + seconds)


def pings(place: Place, seconds: float) -> None:
    """Pings of the subprotocol, whose responses nobody reads."""
    with sockets(place, CONNECTIONS, frame(b'{"type":"connection_init"}')) as made:
        pour(made, frame(b'{"type":"ping"}') * 3_000, time.monotonic() + seconds)


def control_frames(place: Place, seconds: float) -> None:
    """WebSocket pings of the maximum size, whose responses nobody reads."""
    with sockets(place, CONNECTIONS) as made:
        pour(made, frame(b"x" * 125, 9) * 500, time.monotonic() + seconds)


def trailers(place: Place, seconds: float) -> None:
    """Endless trailers after a chunked body."""
    head = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    with held(place, CONNECTIONS, head + b"1\r\n{\r\n0\r\n") as made:
        pour(made, b"a:\r\n" * 16_384, time.monotonic() + seconds)


def one_trailer(place: Place, seconds: float) -> None:
    """A single endless trailer."""
    head = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    with held(place, CONNECTIONS, head + b"1\r\n{\r\n0\r\na: ") as made:
        pour(made, b"x" * _CHUNK, time.monotonic() + seconds)


def pipeline(place: Place, seconds: float) -> None:
    """Continuous requests, whose responses nobody reads."""
    with held(place, CONNECTIONS, b"", receive_buffer=_SMALL_BUFFER) as made:
        pour(made, b"GET /pnodes HTTP/1.1\r\nhost: a\r\n\r\n" * 2_000, time.monotonic() + seconds)


def headers(place: Place, seconds: float) -> None:
    """Heads with the maximum number of header lines."""
    with held(place, READERS, b"GET / HTTP/1.1\r\nhost: a\r\n" + b"a:\r\n" * 60_000):
        time.sleep(seconds)


def large_answers(place: Place, seconds: float) -> None:
    """Large responses that nobody reads."""
    with held(place, READERS, b"GET /all-nodes HTTP/1.1\r\nhost: a\r\n\r\n", receive_buffer=_SMALL_BUFFER):
        time.sleep(seconds)


def large_answers_and_close(place: Place, seconds: float) -> None:
    """Large responses that nobody reads, on connections that the server closes."""
    request = b"GET /all-nodes HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    with held(place, READERS, request, receive_buffer=_SMALL_BUFFER):
        time.sleep(seconds)


def streams(place: Place, seconds: float) -> None:
    """Event streams that nobody reads."""
    query = quote("subscription { snapshots { slot pnodes(first: 200) { nodes { id address version status } } } }")
    request = f"GET /graphql?query={query} HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n".encode()
    with held(place, STREAMS, request, receive_buffer=_SMALL_BUFFER):
        time.sleep(seconds)


def half_open_handshakes(place: Place, seconds: float) -> None:
    """WebSocket handshakes that are too large to parse."""
    large = UPGRADE.replace(b"\r\n\r\n", b"\r\ncookie: " + b"x" * 9_000 + b"\r\n\r\n")
    with held(place, READERS, large):
        time.sleep(seconds)


FLOODS: dict[str, Flood] = {
    "continuation frames": continuations,
    "pings of the protocol": pings,
    "control frames": control_frames,
    "trailers": trailers,
    "one trailer": one_trailer,
    "pipelined requests": pipeline,
    "header lines": headers,
    "large answers": large_answers,
    "large answers, closed": large_answers_and_close,
    "event streams": streams,
    "large handshakes": half_open_handshakes,
}


class Probe:
    """Requests /health/live on separate connections, continuously, until it is stopped."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.taken: list[float] = []

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            with connect(self._place) as one:
                one.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                while one.recv(_CHUNK):
                    pass
            self.taken.append(time.monotonic() - started)
            self._stop.wait(_PROBE_SECONDS)


def _memory_kb(pid: int, key: str) -> int:
    return int(re.findall(rf"{key}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _kernel_kb() -> int:
    return 4 * int(re.findall(r"TCP: .*mem (\d+)", Path("/proc/net/sockstat").read_text())[0])


def measure(place: Place, pid: int, name: str) -> str:
    """The cost of a flood for a server, in one line."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    memory, cpu, kernel = _memory_kb(pid, "VmRSS"), _cpu_seconds(pid), _kernel_kb()
    highest = kernel
    with Probe(place) as probe:
        worker = threading.Thread(target=FLOODS[name], args=(place, SECONDS))
        worker.start()
        while worker.is_alive():
            highest = max(highest, _kernel_kb())
            time.sleep(_PROBE_SECONDS)
    return (
        f"{name:<24} CPU {_cpu_seconds(pid) - cpu:6.2f} s   stall {max(probe.taken):6.2f} s   "
        f"memory {(_memory_kb(pid, 'VmHWM') - memory) / 1024:+7.1f} MB   kernel {(highest - kernel) / 1024:+7.1f} MB"
    )


if __name__ == "__main__":
    at, process, *names = sys.argv[1:]
    for chosen in names or FLOODS:
        print(measure(Place(at.partition(":")[0], int(at.partition(":")[2])), int(process), chosen), flush=True)  # noqa: T201
