"""How fast messages may come, and that long work lets others in between."""

import asyncio

from server.graphql_http.pace import Pace, Turns


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_and_then_so_many_a_second() -> None:
    clock = Clock()
    pace = Pace(clock, at_once=3, per_second=2.0)

    assert [pace.allows() for _ in range(4)] == [True, True, True, False]
    clock.now = 1.0
    assert [pace.allows() for _ in range(3)] == [True, True, False]


async def test_between_two_pieces_of_work_the_loop_passes_for_others() -> None:
    turns = Turns()
    done: list[str] = []

    async def work(name: str) -> None:
        await turns.take()
        done.append(name)

    async def other() -> None:
        while done.count("work") < 10:
            done.append("other")
            await asyncio.sleep(0)

    await asyncio.gather(*(work("work") for _ in range(10)), other())

    between = "".join("w" if name == "work" else "." for name in done)
    assert "ww" not in between
