"""How many WebSocket frames a client may send, and what happens to one that sends more."""

from collections.abc import Callable
from typing import Any

import pytest

from server.transport.frames import FRAMES_PER_SECOND, MAX_FRAGMENTS, MAX_FRAME_BURST, FrameAllowance
from tests.server.transport.conftest import UPGRADE, Served, frame, until

Serve = Callable[..., Any]
FLOODS = {
    "empty fragments": frame(b"", final=False) + frame(b"", 0, final=False) * 200_000,
    "empty messages": frame(b"") * 200_000,
    "small messages": frame(b'{"type":"ping"}') * 100_000,
    "pings": frame(b"x" * 125, 9) * 100_000,
    "pongs": frame(b"", 10) * 200_000,
}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_flood_of_small_frames_is_closed_with_a_code(serve: Serve, flood: bytes) -> None:
    served: Served = await serve()
    async with served.client() as client:
        await client.send(UPGRADE)
        assert await client.status() == 101
        client.writer.write(flood)
        assert await client.close_code() == 1008
        await client.rest()
    await served.empty()


async def test_a_message_has_a_bounded_number_of_fragments(serve: Serve) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(UPGRADE)
        assert await client.status() == 101
        parts = [frame(b"a", final=False)] + [frame(b"b", 0, final=False)] * (MAX_FRAGMENTS - 2) + [frame(b"c", 0)]
        await client.send(b"".join(parts))
        assert (await client.frame())[1] == b"a" + b"b" * (MAX_FRAGMENTS - 2) + b"c"
        await client.send(frame(b"a", final=False) + frame(b"", 0, final=False) * MAX_FRAGMENTS)
        assert await client.close_code() == 1008


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"\xff\xfe"), 1007),
        (frame(b"\xc3", final=False) + frame(b"(", 0), 1007),
        (b"\xc1\x80\0\0\0\0", 1002),
        (b"\x81\x01x", 1002),
        (frame(b"", 0), 1002),
        (b"\x81\xff\0\0\0\0\0\1\0\1\0\0\0\0", 1009),
    ],
    ids=["no UTF-8", "no UTF-8 in two parts", "a reserved bit", "no mask", "a part of nothing", "too long"],
)
async def test_what_breaks_the_protocol_is_closed_with_its_code_and_logged_as_no_failure(
    serve: Serve, caplog: pytest.LogCaptureFixture, sent: bytes, code: int
) -> None:
    served: Served = await serve()
    async with served.client() as client:
        await client.send(UPGRADE)
        assert await client.status() == 101
        await client.send(sent + frame(b"more") * 100)
        assert await client.close_code() == code
    await served.empty()
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


async def test_a_socket_that_reads_nothing_is_not_read(serve: Serve) -> None:
    """Its pings would fill the memory with pongs that nobody reads."""
    served: Served = await serve()
    async with served.client() as client:
        await client.send(UPGRADE)
        assert await client.status() == 101
        (socket,) = served.state.connections
        await until(socket.transport.is_reading)
        socket.pause_writing()
        assert not socket.transport.is_reading()
        socket.resume_writing()
        assert socket.transport.is_reading()


def test_a_burst_is_allowed_and_then_a_rate() -> None:
    clock = Clock()
    allowance = FrameAllowance(clock)
    assert sum(allowance.take() for _ in range(2 * MAX_FRAME_BURST)) == MAX_FRAME_BURST
    clock.now += 1
    assert sum(allowance.take() for _ in range(2 * MAX_FRAME_BURST)) == FRAMES_PER_SECOND
    clock.now += 1_000
    assert sum(allowance.take() for _ in range(2 * MAX_FRAME_BURST)) == MAX_FRAME_BURST
