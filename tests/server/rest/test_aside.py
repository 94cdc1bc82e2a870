"""Long responses are computed outside the event loop: one at a time, and once for equal requests."""

import asyncio
import threading

from server.rest.aside import FEW_NODES, Aside
from tests.patience import PATIENCE_SECONDS


async def test_others_are_served_while_something_is_made() -> None:
    served = threading.Event()

    async def other() -> None:
        await asyncio.sleep(0)
        served.set()

    made, _ = await asyncio.gather(Aside().make("all", FEW_NODES + 1, lambda: served.wait(PATIENCE_SECONDS)), other())

    assert made


async def test_equal_questions_are_made_once_and_different_ones_in_turn() -> None:
    aside = Aside()
    running, most, made = 0, 0, list[int]()

    def make(key: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        made.append(key)
        running -= 1
        return key

    asked = [aside.make(number % 4, FEW_NODES + 1, lambda key=number % 4: make(key)) for number in range(40)]

    assert await asyncio.gather(*asked) == [number % 4 for number in range(40)]
    assert (most, sorted(made)) == (1, [0, 1, 2, 3])


async def test_of_a_small_network_it_is_made_at_once() -> None:
    thread = await Aside().make("all", FEW_NODES, threading.current_thread)

    assert thread is threading.current_thread()


async def test_what_cannot_be_made_fails_for_who_asked_and_nobody_else() -> None:
    aside = Aside()
    failed, fine = await asyncio.gather(
        aside.make("bad", FEW_NODES + 1, lambda: 1 // 0),
        aside.make("good", FEW_NODES + 1, lambda: 1),
        return_exceptions=True,
    )

    assert isinstance(failed, ZeroDivisionError)
    assert fine == 1
