import asyncio

import pytest

from server.graphql_http.outbox import (
    MAX_AHEAD_IN_ALL,
    MAX_WAITING_CHARACTERS,
    MAX_WAITING_CONTROL,
    MAX_WAITING_RESULTS,
    MAX_WAITING_SNAPSHOTS,
    SLOW_SECONDS,
    Framed,
    Outbox,
    Overflow,
    Waiting,
)
from tests.patience import settle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def drain(outbox: Outbox) -> list[str]:
    """All queued messages."""
    found: list[str] = []

    async def take_all() -> None:
        while True:
            found.append(await outbox.take())

    taking = asyncio.create_task(take_all())
    await settle()
    taking.cancel()
    return found


async def test_control_goes_first_and_results_keep_their_order() -> None:
    outbox = Outbox()
    for text in ("1", "2"):
        outbox.result("a", text, replaces=True)
    outbox.control("pong")
    assert await drain(outbox) == ["pong", "1", "2"]


async def test_subscriptions_take_turns() -> None:
    outbox = Outbox()
    for text in ("a1", "a2", "a3"):
        outbox.result("a", text, replaces=True)
    outbox.result("b", "b1", replaces=True)
    assert await drain(outbox) == ["a1", "b1", "a2", "a3"]


async def test_a_completion_comes_after_its_results() -> None:
    outbox = Outbox()
    outbox.result("a", "1", replaces=False)
    outbox.finish("a", "complete")
    assert await drain(outbox) == ["1", "complete"]


async def test_of_results_that_replace_each_other_the_newest_stay() -> None:
    outbox = Outbox()
    for number in range(100):
        outbox.result("a", str(number), replaces=True)
    waiting = await drain(outbox)
    assert waiting == [str(n) for n in range(100 - MAX_WAITING_SNAPSHOTS, 100)]
    assert outbox.dropped == 100 - MAX_WAITING_SNAPSHOTS


async def test_of_results_that_all_matter_none_is_lost_and_too_many_are_refused() -> None:
    outbox = Outbox()
    for number in range(MAX_WAITING_RESULTS):
        outbox.result("a", str(number), replaces=False)
    with pytest.raises(Overflow):
        outbox.result("a", "one more", replaces=False)
    assert await drain(outbox) == [str(n) for n in range(MAX_WAITING_RESULTS)]


async def test_the_characters_that_wait_are_bounded() -> None:
    outbox = Outbox()
    outbox.result("a", "x" * (MAX_WAITING_CHARACTERS - 1), replaces=False)
    with pytest.raises(Overflow):
        outbox.result("b", "xx", replaces=False)
    await outbox.take()
    outbox.result("b", "xx", replaces=False)


async def test_a_reader_that_stays_behind_is_given_up() -> None:
    clock = Clock()
    outbox = Outbox(clock)
    for _ in range(MAX_WAITING_SNAPSHOTS + 1):
        outbox.result("a", "x", replaces=True)
    clock.now = SLOW_SECONDS + 1
    with pytest.raises(Overflow):
        outbox.result("a", "x", replaces=True)


async def test_a_reader_that_catches_up_is_forgiven() -> None:
    clock = Clock()
    outbox = Outbox(clock)
    for _ in range(MAX_WAITING_SNAPSHOTS + 1):
        outbox.result("a", "x", replaces=True)
    await drain(outbox)
    clock.now = SLOW_SECONDS + 1
    for _ in range(MAX_WAITING_SNAPSHOTS + 1):
        outbox.result("a", "x", replaces=True)
    assert outbox.dropped == 2


async def test_what_waits_of_an_ended_subscription_is_dropped() -> None:
    outbox = Outbox()
    outbox.result("a", "1", replaces=True)
    outbox.result("b", "2", replaces=True)
    outbox.forget("a")
    assert await drain(outbox) == ["2"]


async def test_control_messages_are_bounded() -> None:
    outbox = Outbox()
    for _ in range(MAX_WAITING_CONTROL):
        outbox.control("pong")
    with pytest.raises(Overflow):
        outbox.control("pong")


def of_own(waiting: Waiting, results: int) -> Outbox:
    outbox = Outbox(in_all=waiting)
    for number in range(results):
        outbox.result("a", Framed("", b"x" * 1_000, str(number)), replaces=False)
    return outbox


async def test_what_waits_in_all_outboxes_is_counted_until_it_is_sent_or_dropped() -> None:
    waiting = Waiting()
    one, two = of_own(waiting, 3), of_own(waiting, 2)
    two.finish("a", "end")
    assert waiting.characters == 5 * 1_001 + 3

    await one.take()
    two.forget_all()
    assert waiting.characters == 2 * 1_001
    one.forget_all()
    assert waiting.characters == 0


async def test_feeds_of_ones_own_run_one_result_ahead_where_too_much_waits_in_all() -> None:
    waiting = Waiting()
    outbox = of_own(waiting, 1)
    await outbox.room()
    waiting.characters += MAX_AHEAD_IN_ALL

    crowded = asyncio.ensure_future(outbox.room())
    await settle()
    assert not crowded.done()
    await outbox.take()
    await crowded
