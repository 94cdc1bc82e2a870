"""Event streams with a client that does not read."""

import asyncio
from typing import Any

from starlette.types import Message

from server.graphql_http.outbox import MAX_WAITING_RESULTS
from server.graphql_http.sse import EventStream
from tests.patience import patience


async def test_the_feed_is_left_at_once_though_the_client_takes_nothing() -> None:
    left, begun, never = asyncio.Event(), asyncio.Event(), asyncio.Event()
    stream = EventStream(replaces=False)

    async def receive() -> Message:
        await never.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> Any:
        if message["type"] == "http.response.body":
            begun.set()
            await never.wait()

    serving = asyncio.create_task(stream.serve(receive, send, leave=left.set))
    stream.next(b"{}")
    await begun.wait()
    for _ in range(MAX_WAITING_RESULTS + 2):
        stream.next(b"{}")
    async with patience():
        await left.wait()
    assert stream.waiting == 0
    assert not serving.done()
    never.set()
    await serving


async def test_nothing_is_kept_for_a_stream_that_has_ended() -> None:
    stream = EventStream(replaces=False)
    for _ in range(MAX_WAITING_RESULTS + 2):
        stream.next(b"{}")
    assert stream.waiting == 0
