"""Announcements of slots: newest only, from Redis or from polling, with and without Redis and store."""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis_asyncio
from structlog.testing import capture_logs

from schema.domain.errors import SnapshotUnavailable
from schema.domain.snapshot.record import Snapshot
from schema.writes import CHANNEL
from server.live import (
    FIRST_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    REFUSED_BACKOFF_SECONDS,
    LiveUpdates,
    follow_announcements,
)
from server.process import reasons
from tests.factories import AT, snapshot
from tests.patience import patience
from tests.processes import connects, free_port, valkey, wait_until


class Store:
    """A `Refreshable` whose committed snapshot the test sets."""

    def __init__(self) -> None:
        self.committed: Snapshot | None = None
        self.down = False
        self.looked = asyncio.Event()
        self._loaded: Snapshot | None = None

    def current(self) -> Snapshot | None:
        return self._loaded

    async def refresh(self) -> None:
        self.looked.set()
        if self.down:
            raise SnapshotUnavailable("the store does not answer")
        self._loaded = self.committed

    async def next_look(self) -> None:
        self.looked.clear()
        async with patience():
            await self.looked.wait()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def live(store: Store) -> AsyncIterator[LiveUpdates]:
    updates = LiveUpdates(store, poll_seconds=0.01)
    following = asyncio.create_task(updates.run())
    yield updates
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def _next(news: AsyncIterator[Snapshot]) -> Snapshot:
    async with patience():
        return await anext(news)


async def test_a_commit_is_found_by_polling(store: Store, live: LiveUpdates) -> None:
    news = live.snapshots()
    waiting = asyncio.create_task(_next(news))
    await store.next_look()
    store.committed = snapshot(slot=AT)
    assert (await waiting).slot == AT


async def test_an_announcement_is_looked_up_at_once(store: Store) -> None:
    updates = LiveUpdates(store, poll_seconds=3_600)
    following = asyncio.create_task(updates.run())
    async with patience():
        await store.looked.wait()
    waiting = asyncio.create_task(_next(updates.snapshots()))
    store.committed = snapshot(slot=AT)
    await asyncio.sleep(0)
    updates.wake()
    assert (await waiting).slot == AT
    following.cancel()


async def test_what_was_there_before_is_no_news(store: Store, live: LiveUpdates) -> None:
    store.committed = snapshot(slot=AT)
    await store.next_look()
    await store.next_look()
    waiting = asyncio.create_task(_next(live.snapshots()))
    await store.next_look()
    assert not waiting.done()
    store.committed = snapshot(slot=AT + 60)
    assert (await waiting).slot == AT + 60


async def test_a_slow_reader_gets_the_newest_alone(store: Store, live: LiveUpdates) -> None:
    slow = live.snapshots()
    first = asyncio.create_task(_next(slow))
    await store.next_look()
    for slot in (AT, AT + 60, AT + 120):
        store.committed = snapshot(slot=slot)
        await store.next_look()
        await store.next_look()
    assert (await first).slot == AT
    assert (await _next(slow)).slot == AT + 120


async def test_every_reader_is_told(store: Store, live: LiveUpdates) -> None:
    readers = [asyncio.create_task(_next(live.snapshots())) for _ in range(3)]
    await store.next_look()
    store.committed = snapshot(slot=AT)
    assert [found.slot for found in await asyncio.gather(*readers)] == [AT, AT, AT]


async def test_a_silent_store_keeps_the_last_snapshot(store: Store, live: LiveUpdates) -> None:
    store.committed = snapshot(slot=AT)
    await store.next_look()
    await store.next_look()
    store.down = True
    await store.next_look()
    await store.next_look()
    assert live.store_ok is False
    assert store.current() is store.committed
    store.down = False
    await store.next_look()
    await store.next_look()
    assert live.store_ok is True


async def test_closing_ends_every_subscription(live: LiveUpdates) -> None:
    reading = asyncio.create_task(_collect(live.snapshots()))
    await asyncio.sleep(0)
    live.close()
    async with patience():
        assert await reading == []


async def _collect(news: AsyncIterator[Snapshot]) -> list[Snapshot]:
    return [found async for found in news]


async def _heard(event: asyncio.Event) -> None:
    """Wait for the event, and clear it."""
    async with patience():
        await event.wait()
    event.clear()


@pytest.mark.stack
async def test_announcements_survive_a_restart_of_redis(tmp_path: Path) -> None:
    port = free_port()
    heard = asyncio.Event()
    following = asyncio.create_task(follow_announcements(f"redis://127.0.0.1:{port}/0", heard.set))
    try:
        for _ in range(2):  # Redis is unavailable at first, and killed after the first round
            server = valkey(port, tmp_path)
            with server:
                await asyncio.to_thread(wait_until, lambda: connects(port), "valkey listens")
                await _heard(heard)  # it may have missed an announcement, so it polls
                async with redis_asyncio.Redis(port=port) as client:
                    assert await client.publish(CHANNEL, "60") == 1
                await _heard(heard)
                server.kill()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


class Pauses:
    """A sleep that records its duration and takes no time. The last one of `enough` never ends."""

    def __init__(self, enough: int) -> None:
        self.seconds: list[float] = []
        self.seen = asyncio.Event()
        self._enough = enough

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) >= self._enough:
            self.seen.set()
            await asyncio.Event().wait()


async def _follow(url: str, pauses: Pauses, woken: Callable[[], None] = lambda: None) -> list[MutableMapping[str, Any]]:
    """The log until this number of attempts has failed."""
    with capture_logs() as events:
        following = asyncio.create_task(follow_announcements(url, woken, sleep=pauses.sleep))
        try:
            async with patience():
                await pauses.seen.wait()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    return events


@pytest.mark.stack
@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("deaf:pw", reasons.RIGHTS),  # may use all commands, on no channel
        ("deaf:wrong", reasons.PASSWORD),
        ("mute:pw", reasons.RIGHTS),  # may not subscribe
        ("unknown:pw", reasons.PASSWORD),
    ],
)
async def test_a_user_without_rights_is_said_once_and_tried_less_and_less(
    user: str, reason: str, tmp_path: Path
) -> None:
    port = free_port()
    with valkey(port, tmp_path):
        await asyncio.to_thread(wait_until, lambda: connects(port), "valkey listens")
        async with redis_asyncio.Redis(port=port) as admin:
            for rights in (("deaf", "resetchannels", "+@all"), ("mute", "allchannels", "+@all", "-@pubsub")):
                await admin.execute_command("ACL", "SETUSER", rights[0], "on", ">pw", "allkeys", *rights[1:])  # pyright: ignore[reportUnknownMemberType]  (redis-py 5 leaves types open)
        pauses, woken = Pauses(10), list[None]()
        events = await _follow(f"redis://{user}@127.0.0.1:{port}/0", pauses, lambda: woken.append(None))
    assert [(event["event"], event["reason"]) for event in events] == [("redis.unreachable", reason)]
    assert woken == []
    assert pauses.seconds[-1] >= REFUSED_BACKOFF_SECONDS / 2
    assert all(pause >= FIRST_BACKOFF_SECONDS / 2 * 2**at for at, pause in enumerate(pauses.seconds[:7]))


async def test_a_redis_that_is_away_is_said_once_and_tried_every_few_seconds() -> None:
    pauses = Pauses(30)
    events = await _follow(f"redis://127.0.0.1:{free_port()}/0", pauses)
    assert [(event["event"], event["reason"]) for event in events] == [("redis.unreachable", reasons.REFUSED)]
    assert MAX_BACKOFF_SECONDS / 2 <= pauses.seconds[-1] <= MAX_BACKOFF_SECONDS


async def test_a_subscription_that_ends_at_once_is_a_failure_in_a_row() -> None:
    async def confirm_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line == b"CLIENT\r\n":
                writer.write(b"+OK\r\n")
            if line == b"SUBSCRIBE\r\n":
                writer.write(b"*3\r\n$9\r\nsubscribe\r\n$12\r\n%s\r\n:1\r\n" % CHANNEL.encode())
                break
        writer.close()

    pauses = Pauses(10)
    server = await asyncio.start_server(confirm_and_leave, "127.0.0.1", 0)
    async with server:
        await _follow(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", pauses)
    assert pauses.seconds[-1] >= MAX_BACKOFF_SECONDS / 2
