"""News of slots: newest only, from announcements or from polling, with and without Redis and store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio as redis_asyncio

from schema.domain.errors import SnapshotUnavailable
from schema.domain.snapshot import Snapshot
from server.live import CHANNEL, LiveUpdates, follow_announcements
from tests.factories import AT, snapshot
from tests.patience import patience
from tests.processes import connects, free_port, valkey, wait_until


class Store:
    """A `Refreshable` whose committed snapshot is set by hand."""

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
    """Wait for the event, and clear it for the next."""
    async with patience():
        await event.wait()
    event.clear()


@pytest.mark.stack
async def test_announcements_survive_a_restart_of_redis(tmp_path: Path) -> None:
    port = free_port()
    heard = asyncio.Event()
    following = asyncio.create_task(follow_announcements(f"redis://127.0.0.1:{port}/0", heard.set))
    try:
        for _ in range(2):  # Redis is absent at first, and killed after the first round
            server = valkey(port, tmp_path)
            with server:
                await asyncio.to_thread(wait_until, lambda: connects(port), "valkey listens")
                await _heard(heard)  # it may have missed something: it looks
                async with redis_asyncio.Redis(port=port) as client:
                    assert await client.publish(CHANNEL, "60") == 1
                await _heard(heard)
                server.kill()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
