"""The running listeners, byte by byte."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import orjson
import pytest

from jobs.simulate.connection import MAX_HEAD_BYTES
from jobs.simulate.network import Network
from jobs.simulate.playing import Course, SimulatedSource
from jobs.simulate.server import Simulation
from jobs.simulate.source import METHOD_NOT_FOUND, Behaviour, Result, Seed

LAB = Path(__file__).parents[4] / "shared" / "data" / "lab"
NOW = 1_800_000_000.5
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
CALL = {"jsonrpc": "2.0", "method": "get-version", "id": 1}
VERSION_REPLY = b'{"error":null,"id":1,"jsonrpc":"2.0","result":{"version":"0.8.0"}}'
NO_METHOD_REPLY = b'{"error":{"code":-32601,"message":"Method not found"},"id":1,"jsonrpc":"2.0"}'
TOO_LARGE = b"Failed to buffer the request body: length limit exceeded"


class Reply(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Versions:
    """A source whose seeds only know get-version."""

    def __init__(self, *seeds: Seed) -> None:
        self.seeds: Sequence[Seed] = seeds

    def result(self, seed: int, method: str, second: int) -> Result:
        return b'{"version":"0.8.0"}' if method == "get-version" else METHOD_NOT_FOUND


def request(
    body: bytes | dict[str, Any] | list[Any] = b"",
    *,
    method: str = "POST",
    path: str = "/rpc",
    content_type: str | None = "application/json",
    **headers: str,
) -> bytes:
    """A request in bytes. Header names are written with _ for -."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: seed", f"Content-Length: {len(data)}"]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return Reply(int(first.split()[1]), headers, await reader.readexactly(int(dict(headers)["content-length"])))


async def connect(place: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = place.partition(":")
    return await asyncio.open_connection(host, int(port))


async def ask(place: str, *requests: bytes) -> list[Reply]:
    """The responses to sequential requests over one connection."""
    reader, writer = await connect(place)
    replies: list[Reply] = []
    try:
        for each in requests:
            writer.write(each)
            replies.append(await read_reply(reader))
    finally:
        writer.close()
    await writer.wait_closed()
    return replies


@pytest.fixture
async def place() -> AsyncIterator[str]:
    """The address of one seed."""
    async with Simulation(Versions(Seed("7.1.1.1")), now=lambda: NOW) as simulation:
        yield simulation.dial_map["7.1.1.1"]


# The requests that were sent to the released pods, by the names under which the responses were recorded.
EXCHANGES: dict[str, bytes] = {
    "get-version": request(CALL),
    "nope": request({**CALL, "method": "nope"}),
    "get-status": request({**CALL, "method": "get-status"}),
    "rpc.discover": request({**CALL, "method": "rpc.discover"}),
    "get_pods": request({**CALL, "method": "get_pods"}),
    "getVersion": request({**CALL, "method": "getVersion"}),
    "params-array": request({**CALL, "params": []}),
    "params-obj": request({**CALL, "params": {"a": 1}}),
    "id-string": request({**CALL, "id": "abc"}),
    "id-missing": request({"jsonrpc": "2.0", "method": "get-version"}),
    "id-null": request({**CALL, "id": None}),
    "jsonrpc-missing": request({"method": "get-version", "id": 1}),
    "jsonrpc-1.0": request({**CALL, "jsonrpc": "1.0"}),
    "method-missing": request({"jsonrpc": "2.0", "id": 1}),
    "batch": request([CALL, CALL]),
    "bad-json": request(b'{"jsonrpc":'),
    "empty": request(b""),
    "no-content-type": request(CALL, content_type=None),
    "text-plain": request(CALL, content_type="text/plain"),
    "get": request(method="GET", content_type=None),
    "options-cors": request(
        method="OPTIONS", content_type=None, Origin="http://x", Access_Control_Request_Method="POST"
    ),
    "post-with-origin": request(CALL, Origin="http://x"),
    "prpc-path": request(CALL, path="/prpc"),
    "root-path": request(CALL, path="/"),
    "rpc-slash": request(CALL, path="/rpc/"),
    "big-body-3MB": request(b" " * 3_000_000),
}
TEXT = "text/plain; charset=utf-8"
EXPECTED: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {
    "get-version": (200, [("content-type", "application/json")], VERSION_REPLY),
    "post-with-origin": (200, [("content-type", "application/json")], VERSION_REPLY),
    "nope": (200, [("content-type", "application/json")], NO_METHOD_REPLY),
    "text-plain": (415, [("content-type", TEXT)], b"Expected request with `Content-Type: application/json`"),
    "get": (405, [("allow", "POST")], b""),
    "options-cors": (405, [("allow", "POST")], b""),
    "prpc-path": (404, [], b""),
    "big-body-3MB": (413, [("content-type", TEXT)], TOO_LARGE),
}


@pytest.mark.parametrize("name", EXPECTED)
async def test_an_answer_has_the_headers_of_a_pod_and_no_others(place: str, name: str) -> None:
    status, headers, body = EXPECTED[name]
    (reply,) = await ask(place, EXCHANGES[name])
    assert reply == (status, [*headers, ("content-length", str(len(body))), ("date", DATE)], body)


@pytest.mark.captures
@pytest.mark.parametrize("name", EXCHANGES)
async def test_an_answer_is_that_of_the_released_pod(place: str, name: str) -> None:
    recorded = LAB / "1-0.8.0.json"
    if not recorded.exists():
        pytest.skip(f"no recordings at {LAB}")
    expected = json.loads(recorded.read_bytes())["results"][name]
    (reply,) = await ask(place, EXCHANGES[name])
    assert reply.status == expected["status"]
    assert reply.body == expected["body"].encode()
    assert [header for header in reply.headers if header[0] != "date"] == [
        (key, value) for key, value in expected["headers"] if key != "date"
    ]


@pytest.mark.captures
@pytest.mark.parametrize("method", ["get-stats", "get-pods", "get-pods-with-stats"])
@pytest.mark.parametrize(("seed", "recorded"), [(0, "1-0.8.0"), (6, "10-1.2.1"), (7, "4-0.6.0")])
async def test_a_list_has_the_shape_of_the_released_pods(seed: int, recorded: str, method: str) -> None:
    file = LAB / f"{recorded}.json"
    if not file.exists():
        pytest.skip(f"no recordings at {LAB}")
    expected = json.loads(json.loads(file.read_bytes())["results"][method]["body"])
    source = SimulatedSource(Network(), Course(int(NOW)))
    async with Simulation(source, now=lambda: NOW) as simulation:
        (reply,) = await ask(simulation.dial_map[simulation.seeds[seed]], request({**CALL, "method": method}))
    answered = orjson.loads(reply.body)
    assert list(answered) == list(expected)
    if answered.get("error"):
        assert answered == expected
        return
    assert list(answered["result"]) == list(expected["result"])
    for ours, theirs in zip(answered["result"].get("pods", []), expected["result"].get("pods", []), strict=False):
        assert list(ours) == list(theirs)
        if theirs["version"] == ours["version"] == "unknown":
            assert {key for key, value in ours.items() if value is None} == {k for k, v in theirs.items() if v is None}


async def test_a_connection_is_kept_for_more_whatever_the_answer(place: str) -> None:
    names = ["get-version", "nope", "batch", "get", "prpc-path", "text-plain", "big-body-3MB", "get-version"]
    replies = await ask(place, *(EXCHANGES[name] for name in names))
    assert [reply.status for reply in replies] == [200, 200, 422, 405, 404, 415, 413, 200]


async def test_requests_sent_at_once_are_answered_in_turn(place: str) -> None:
    reader, writer = await connect(place)
    writer.write(b"".join(request({**CALL, "id": number}) for number in range(20)))
    assert [orjson.loads((await read_reply(reader)).body)["id"] for _ in range(20)] == list(range(20))
    writer.close()


async def test_a_body_in_chunks_is_read(place: str) -> None:
    data = json.dumps(CALL).encode()
    head = b"POST /rpc HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in (data[:7], data[7:]))
    (reply,) = await ask(place, head + chunks + b"0\r\nTrailer: 1\r\n\r\n")
    assert reply.body == VERSION_REPLY


async def test_a_caller_who_asks_first_may_send(place: str) -> None:
    reader, writer = await connect(place)
    head, _, body = request(CALL, Expect="100-continue").partition(b"\r\n\r\n")
    writer.write(head + b"\r\n\r\n")
    assert await reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await read_reply(reader)).body == VERSION_REPLY
    writer.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"POST /rpc HTTP/2.0\r\n\r\n", 400),
        (b"POST /rpc HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /rpc HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST /rpc HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
        (b"POST /rpc HTTP/1.1\r\nX: " + b"x" * 2 * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
    ],
)
async def test_what_cannot_be_read_to_its_end_is_the_last_thing_read(place: str, data: bytes, status: int) -> None:
    reader, writer = await connect(place)
    writer.write(data)
    assert (await read_reply(reader)).status == status
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("last", [request(CALL, Connection="close"), request(CALL).replace(b"HTTP/1.1", b"HTTP/1.0")])
async def test_the_connection_ends_where_the_caller_says_so(place: str, last: bytes) -> None:
    reader, writer = await connect(place)
    writer.write(last)
    assert (await read_reply(reader)).status == 200
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("sent", [b"", b"POST /rpc HT", request(CALL)[:-5], request(CALL)])
async def test_a_caller_who_leaves_does_no_harm(place: str, sent: bytes) -> None:
    _, writer = await connect(place)
    writer.write(sent)
    writer.transport.abort()
    assert [reply.status for reply in await ask(place, request(CALL))] == [200]


async def test_a_client_library_gets_its_answer_and_no_compression(place: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.post(f"http://{place}/rpc", json=CALL, headers={"Accept-Encoding": "gzip"}) as reply:
                assert await reply.read() == VERSION_REPLY
                assert {name.lower() for name in reply.headers} == {"content-type", "content-length", "date"}


async def test_every_seed_has_a_port_of_its_own_on_loopback() -> None:
    source = SimulatedSource(Network(), Course(int(NOW)))
    async with Simulation(source, now=lambda: NOW) as simulation:
        assert list(simulation.dial_map) == [seed.name for seed in source.seeds]
        assert len(simulation.seeds) == 9
        assert len(set(simulation.dial_map.values())) == len(source.seeds)
        assert all(place.startswith("127.0.0.1:") for place in simulation.dial_map.values())


async def test_what_is_served_is_what_the_network_says() -> None:
    network = Network()
    source = SimulatedSource(network, Course(int(NOW)))
    async with Simulation(source, now=lambda: NOW) as simulation:
        for index in (0, 4, 6):
            place = simulation.dial_map[simulation.seeds[index]]
            (reply,) = await ask(place, request({**CALL, "method": "get-pods-with-stats"}))
            assert orjson.loads(reply.body)["result"]["pods"] == network.pods(index, int(NOW))


async def test_a_private_seed_refuses_connections() -> None:
    async with Simulation(Versions(Seed("7.1.1.1", Behaviour.REFUSES))) as simulation:
        with pytest.raises(ConnectionRefusedError):
            await connect(simulation.dial_map["7.1.1.1"])


async def test_a_silent_seed_takes_the_call_and_never_answers() -> None:
    seeds = (Seed("7.1.1.1", Behaviour.SILENT), Seed("7.1.1.2"))
    async with Simulation(Versions(*seeds)) as simulation:
        reader, writer = await connect(simulation.dial_map["7.1.1.1"])
        writer.write(request(CALL))
        answer = asyncio.create_task(reader.read(1))
        await ask(simulation.dial_map["7.1.1.2"], request(CALL), request(CALL), request(CALL))
        assert not answer.done()
    assert await answer == b""
    writer.close()


async def test_a_slow_seed_keeps_nobody_else_waiting() -> None:
    seeds = (Seed("7.1.1.1", delay=3_600.0), Seed("7.1.1.2"))
    async with Simulation(Versions(*seeds)) as simulation:
        slow = asyncio.create_task(ask(simulation.dial_map["7.1.1.1"], request(CALL)))
        assert [reply.status for reply in await ask(simulation.dial_map["7.1.1.2"], request(CALL))] == [200]
        assert not slow.done()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


async def test_connections_over_the_bound_are_cut() -> None:
    async with Simulation(Versions(Seed("7.1.1.1")), max_connections=1) as simulation:
        place = simulation.dial_map["7.1.1.1"]
        first, one = await connect(place)
        one.write(request(CALL))
        await read_reply(first)
        second, other = await connect(place)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await second.readexactly(1)
        other.close()
        one.write(request(CALL))
        assert (await read_reply(first)).body == VERSION_REPLY
        one.close()


async def test_nothing_is_left_after_the_end_even_with_callers_in_the_middle() -> None:
    before = asyncio.all_tasks()
    seeds = (Seed("7.1.1.1"), Seed("7.1.1.2", Behaviour.SILENT), Seed("7.1.1.3", delay=3_600.0))
    async with Simulation(Versions(*seeds)) as simulation:
        writers: list[asyncio.StreamWriter] = []
        for place in simulation.dial_map.values():
            _, writer = await connect(place)
            writer.write(request(CALL)[:-3] if len(writers) == 0 else request(CALL))
            writers.append(writer)
        places = list(simulation.dial_map.values())
        while len(asyncio.all_tasks() - before) < len(seeds):  # noqa: ASYNC110 — no event reports an accepted connection
            await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    for place in places:
        with pytest.raises(ConnectionRefusedError):
            await connect(place)
    for writer in writers:
        writer.close()
    gc.collect()  # a socket left open would warn here, and warnings are errors


async def test_a_failure_at_the_start_leaves_nothing_open() -> None:
    class Failing(Versions):
        @property
        def seeds(self) -> Iterator[Seed]:
            yield Seed("7.1.1.1")
            raise OSError("too many open files")

        @seeds.setter
        def seeds(self, seeds: Sequence[Seed]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
            pass

    failing: Any = Failing()
    simulation = Simulation(failing)
    with pytest.raises(OSError, match="too many open files"):
        await simulation.__aenter__()
    with pytest.raises(ConnectionRefusedError):
        await connect(simulation.dial_map["7.1.1.1"])
    gc.collect()
