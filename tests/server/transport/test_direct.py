"""Which requests are answered before they become ASGI scopes, and the rules of their connections."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from server.http.asked import AskedHead
from server.http.reply import MAX_WRITE_BYTES
from server.transport.connections import Connections
from server.transport.direct import DirectAnswers, http_class
from server.transport.heads import MAX_HEADS, MAX_PLAIN_HEAD_BYTES, Heads
from server.transport.pipeline import MAX_PIPELINE
from tests.patience import settle
from tests.server.transport.conftest import echo
from tests.wire import Wire

COMMON = [(b"date", b"now")]


def known(head: AskedHead, body: bytes, common: bytes) -> bytes | None:
    """Knows all paths that begin with `/known`."""
    if not head.path.startswith("/known"):
        return None
    answer = b"known " + head.path.encode() + b" " + body
    return b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (common, len(answer), answer)


def get(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: a", *lines, "", ""]).encode()


def post(path: str, body: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


def bodies(written: bytes) -> list[bytes]:
    """The bodies of responses of one line each."""
    return [part.partition(b"HTTP/1.1")[0] for part in written.split(b"\r\n\r\n")[1:]]


@pytest.mark.parametrize(
    "head",
    [
        get("/a"),
        get("/a?b=%20&c"),
        get("/"),
        get("//a"),
        get("/a", "connection: Keep-Alive", "x-forwarded-for: 203.0.113.9"),
        b"HEAD /a HTTP/1.1\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 12\r\n\r\n",
    ],
)
def test_a_plain_head_is_read(head: bytes) -> None:
    read = Heads().read(head)
    assert read is not None
    method, target, _ = head.split(b"\r\n")[0].split(b" ")
    path, _, query_string = target.partition(b"?")
    assert (read.method, read.path, read.query_string) == (method.decode(), path.decode(), query_string)


@pytest.mark.parametrize(
    "head",
    [
        get("/%61"),
        get("/a#b"),
        get("http://a/a"),
        get("*"),
        get("/\xe4"),
        get("/a", "x: 1", "X: 2"),
        get("/a", "expect: 100-continue"),
        get("/a", "upgrade: h2c"),
        get("/a", "connection: upgrade", "upgrade: websocket"),
        get("/a", "connection: close"),
        get("/a", "connection: keep-alive, te"),
        get("/a", "content-length: 0"),
        get("/a", "content-length: 3"),
        get("/a", "transfer-encoding: chunked"),
        get("/a", "no colon"),
        get("/a", "x: \x01"),
        b"GET /a HTTP/1.0\r\n\r\n",
        b"GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
        b"GET /a\r\n\r\n",
        b"OPTIONS /a HTTP/1.1\r\n\r\n",
        b"PUT /a HTTP/1.1\r\ncontent-length: 1\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"POST /a HTTP/1.1\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: +1\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 9999999999\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET /a HTTP/1.1\n\nGET /b HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_a_head_that_is_not_plain_is_left_to_asgi(head: bytes) -> None:
    assert Heads().read(head) is None


def test_few_heads_are_kept_however_many_come() -> None:
    heads = Heads()
    for number in range(2 * MAX_HEADS):
        for _ in range(3):
            assert heads.read(get(f"/{number}")) is not None
    assert len(heads) <= MAX_HEADS


def test_a_head_that_was_read_before_is_not_parsed_again() -> None:
    heads = Heads()
    heads.read(get("/a"))
    assert heads.read(get("/a")) is heads.read(get("/a"))


def test_a_turn_has_as_many_answers_as_may_wait() -> None:
    answers, size, count = DirectAnswers(known).take(get("/known") * 100, COMMON)
    assert count == MAX_PIPELINE
    assert size == MAX_PIPELINE * len(get("/known"))
    assert answers.count(b"HTTP/1.1 200 OK\r\ndate: now\r\n") == MAX_PIPELINE


def test_a_turn_ends_with_the_answer_that_fills_a_write() -> None:
    def half(head: AskedHead, body: bytes, common: bytes) -> bytes:
        return b"x" * (MAX_WRITE_BYTES // 2)

    _, _, count = DirectAnswers(half).take(get("/known") * 10, COMMON)
    assert count == 2


@pytest.mark.parametrize(
    "data",
    [
        get("/known")[:-1],
        post("/known", b"abc")[:-1],
        get("/known", "x: " + "x" * MAX_PLAIN_HEAD_BYTES),
        get("/other"),
        b"",
    ],
)
def test_what_is_not_whole_plain_and_known_is_not_taken(data: bytes) -> None:
    assert DirectAnswers(known).take(data, COMMON) == (b"", 0, 0)


async def test_answers_of_both_kinds_come_in_the_order_of_their_requests() -> None:
    wire = Wire(echo, known)
    await wire.send(get("/known/1") + post("/known/2", b"b") + get("/3") + get("/known/4") + post("/5", b"e"))
    await wire.send(get("/known/6"))
    assert bodies(wire.taken()) == [
        b"known /known/1 ",
        b"known /known/2 b",
        b"GET /3 ",
        b"GET /known/4 ",
        b"POST /5 e",
        b"known /known/6 ",
    ]
    wire.end()


async def test_a_known_request_waits_for_the_answer_before_it() -> None:
    gate = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await echo(scope, receive, send)

    wire = Wire(slow, known)
    await wire.send(get("/slow"), whole=False)
    await wire.send(get("/known"), whole=False)
    assert wire.taken() == b""
    gate.set()
    await wire.send(b"")
    assert bodies(wire.taken()) == [b"GET /slow ", b"GET /known "]
    wire.end()


@pytest.mark.parametrize("before", [b"", get("/a"), get("/known")], ids=["new", "after ASGI", "after a known answer"])
@pytest.mark.parametrize("start", [b"GE", b"GET /known HTTP/1.1\r\n", post("/b", b"abc")[:-1]])
async def test_the_rest_of_a_request_is_not_taken_for_a_request(before: bytes, start: bytes) -> None:
    wire = Wire(echo, known)
    await wire.send(before)
    wire.taken()
    await wire.send(start, whole=False)
    await wire.send(get("/known"), whole=False)
    assert b"known /known" not in wire.taken()
    wire.end()


async def test_a_connection_beyond_the_limit_gets_no_known_answer() -> None:
    full = Connections(None, 0)
    wire = Wire(echo, known, admitted=full)
    await wire.send(get("/known"))
    assert wire.taken().startswith(b"HTTP/1.1 503 ")


async def test_nothing_is_answered_to_a_client_that_does_not_read() -> None:
    wire = Wire(echo, known)
    wire.protocol.pause_writing()
    await wire.send(get("/known"), whole=False)
    assert wire.taken() == b""
    wire.protocol.resume_writing()
    await wire.send(b"")
    assert bodies(wire.taken()) == [b"GET /known "]
    wire.end()


async def test_a_connection_that_closes_gets_no_answer() -> None:
    wire = Wire(echo, known)
    await wire.send(get("/known"))
    wire.taken()
    wire.protocol.shutdown()
    assert wire.transport.closed
    wire.protocol.data_received(get("/known"))
    assert wire.taken() == b""
    wire.end()


async def test_known_requests_are_counted_with_all_others() -> None:
    wire = Wire(echo, known)
    await wire.send(get("/known") * 3 + get("/a"))
    assert wire.state.total_requests == 4
    wire.end()


class TestIdle:
    """Connections that have only had known responses."""

    async def looked(self, wire: Wire, looks: int) -> None:
        """As the timer of the connection checks it."""
        for _ in range(looks):
            wire.protocol._look()

    async def test_one_that_asks_on_stays(self) -> None:
        wire = Wire(echo, known)
        for _ in range(20):
            await wire.send(get("/known"))
            await self.looked(wire, 2)
        assert not wire.transport.closed
        wire.end()

    @pytest.mark.parametrize("before", [b"", get("/a"), get("/known") + get("/a")])
    async def test_one_that_asks_nothing_more_is_closed_without_a_word(self, before: bytes) -> None:
        wire = Wire(echo, known)
        await wire.send(before + get("/known"))
        await wire.send(get("/known"))
        wire.taken()
        await self.looked(wire, 4)
        assert not wire.transport.closed
        await self.looked(wire, 1)
        assert wire.transport.closed
        assert wire.taken() == b""
        wire.end()

    async def test_one_that_begins_another_request_and_stops_gets_408(self) -> None:
        wire = Wire(echo, known)
        await wire.send(get("/known"))
        wire.taken()
        await wire.send(b"GET /known", whole=False)
        await self.looked(wire, 3)
        assert wire.taken().startswith(b"HTTP/1.1 408 ")
        wire.end()


def test_it_can_be_switched_off() -> None:
    assert http_class(Connections(), None).direct is None
    assert http_class(Connections(), known).direct is not None


class Sharing:
    """Connections of one process, whose callbacks have no time left until `free`."""

    def __init__(self, count: int) -> None:
        self.has_time = False
        direct = DirectAnswers(known, lambda: self.has_time)
        self.wires = [Wire(echo, direct=direct) for _ in range(count)]

    async def free(self) -> None:
        self.has_time = True
        await settle()

    def end(self) -> None:
        for wire in self.wires:
            wire.end()


async def test_reads_wait_while_callbacks_have_no_time() -> None:
    sharing = Sharing(3)
    for number, wire in enumerate(sharing.wires):
        await wire.send(get(f"/known/{number}"))
        assert wire.taken() == b""
    await sharing.free()
    assert [bodies(wire.taken()) for wire in sharing.wires] == [[b"known /known/%d " % n] for n in range(3)]
    await sharing.wires[0].send(get("/known"))
    assert bodies(sharing.wires[0].taken()) == [b"known /known "]
    sharing.end()


async def test_reads_that_wait_are_handled_in_the_order_of_their_arrival() -> None:
    handled: list[bytes] = []

    def noting(head: AskedHead, body: bytes, common: bytes) -> bytes | None:
        handled.append(body)
        return known(head, body, common)

    left = 0

    def has_time() -> bool:
        return len(handled) < left

    direct = DirectAnswers(noting, has_time)
    wires = [Wire(echo, direct=direct) for _ in range(8)]
    for number, wire in enumerate(wires[:6]):
        wire.protocol.data_received(post("/known", b"%d" % number))
    left = 3
    await asyncio.sleep(0)
    assert handled == [b"0", b"1", b"2"]
    left = 8
    for number, wire in enumerate(wires[6:], start=6):  # there is time, but others came first
        wire.protocol.data_received(post("/known", b"%d" % number))
    assert handled == [b"0", b"1", b"2"]
    await settle()
    assert handled == [b"%d" % number for number in range(8)]
    for wire in wires:
        wire.end()


async def test_what_arrives_while_a_read_waits_follows_it() -> None:
    sharing = Sharing(1)
    (wire,) = sharing.wires
    whole = get("/known/1") + post("/known/2", b"body") + get("/unknown")
    for start in range(0, len(whole), 25):
        wire.protocol.data_received(whole[start : start + 25])
    await sharing.free()
    await wire.send(b"")
    assert wire.taken().count(b"HTTP/1.1 200 OK") == 3
    sharing.end()


async def test_a_read_that_waits_is_answered_before_its_connection_closes() -> None:
    sharing = Sharing(2)
    leaving, gone = sharing.wires
    await leaving.send(get("/known/1"))
    await gone.send(get("/known/2"))
    leaving.protocol.shutdown()
    gone.end()
    await sharing.free()
    assert bodies(leaving.taken()) == [b"known /known/1 "]
    assert gone.taken() == b""
    assert leaving.transport.closed
    leaving.end()
