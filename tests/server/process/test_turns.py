"""Long work lets other tasks run in between."""

import asyncio
from itertools import count, pairwise

from server.process.turns import LONG_COST, PASSES, SECONDS_AT_ONCE, Turns


async def test_between_two_pieces_of_work_a_short_request_is_answered() -> None:
    turns = Turns()
    passes = 0
    began: list[int] = []

    async def work() -> None:
        await turns.take()
        began.append(passes)

    async def other() -> None:
        nonlocal passes
        while len(began) < 10:
            await asyncio.sleep(0)
            passes += 1

    await asyncio.gather(*(work() for _ in range(10)), other())

    assert min(later - earlier for earlier, later in pairwise(began)) >= PASSES


async def test_a_piece_of_work_that_comes_after_another_waits_as_long() -> None:
    turns = Turns()
    await turns.take()

    second = asyncio.create_task(turns.take())
    for _ in range(PASSES):
        await asyncio.sleep(0)
    assert not second.done()
    await second


async def test_who_leaves_while_waiting_keeps_nobody_else_from_a_turn() -> None:
    turns = Turns()
    await turns.take()
    leaving, staying = asyncio.create_task(turns.take()), asyncio.create_task(turns.take())
    await asyncio.sleep(0)

    leaving.cancel()

    await staying
    assert leaving.cancelled()


async def test_short_work_waits_once_it_has_come_to_as_much_as_long_work() -> None:
    turns = Turns()
    waiting = [asyncio.create_task(turns.share(LONG_COST // 4)) for _ in range(40)]
    done = [0]
    while done[-1] < len(waiting):
        await asyncio.sleep(0)
        done.append(sum(task.done() for task in waiting))

    assert max(later - earlier for earlier, later in pairwise(done)) <= 4


async def test_short_work_that_comes_bit_by_bit_does_not_wait() -> None:
    turns = Turns()
    for _ in range(40):
        waiting = asyncio.ensure_future(turns.share(LONG_COST // 2))
        await asyncio.sleep(0)
        assert waiting.done()


async def test_short_work_does_not_wait_for_long_work() -> None:
    turns = Turns()
    long = [asyncio.create_task(turns.take()) for _ in range(10)]
    await asyncio.sleep(0)

    await turns.share(1)

    assert not long[-1].done()
    await asyncio.gather(*long)


async def test_clients_that_ask_again_and_again_get_equally_many_turns() -> None:
    turns = Turns()
    served = [0] * 32

    async def client(number: int) -> None:
        while max(served) < 100:
            await turns.share(LONG_COST // 13)
            served[number] += 1
            await asyncio.sleep(0)  # the next request arrives in another iteration

    await asyncio.gather(*(client(number) for number in range(len(served))))

    assert min(served) >= max(served) - 2


async def test_who_leaves_a_queue_of_short_work_keeps_nobody_else_from_a_turn() -> None:
    turns = Turns()
    leaving = [asyncio.create_task(turns.share(LONG_COST)) for _ in range(3)]
    staying = asyncio.create_task(turns.share(1))
    await asyncio.sleep(0)

    for task in leaving:
        task.cancel()

    await staying
    assert [task.cancelled() for task in leaving] == [False, True, True]


async def test_work_in_callbacks_takes_a_bounded_time_in_each_iteration() -> None:
    turns = Turns(clock=(step * SECONDS_AT_ONCE / 4 for step in count()).__next__)
    for _ in range(3):
        began = 0
        while turns.has_time:
            with turns.at_once():
                began += 1
        assert began == 4
        await asyncio.sleep(0)


async def test_work_in_callbacks_is_bounded_by_a_clock_that_stands_still_too() -> None:
    turns = Turns(clock=lambda: 1.0)
    began = 0
    while turns.has_time:
        with turns.at_once():
            began += 1
    assert began <= 10_000
