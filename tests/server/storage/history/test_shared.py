"""Results shared by concurrent requests: one query for all, and nobody waits for a request that was cancelled."""

import asyncio
from collections.abc import Callable

import pytest

from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument
from server.storage.history.shared import MAX_KEYS, Shared, SharedFinds
from tests.server.storage.history.test_open_hours import Queries


class Asked:
    """Counts its queries, and answers or fails each when released."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self.may = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.count += 1
        number = self.count
        await self.may.wait()
        if self._error is not None:
            raise self._error
        return number


async def test_who_asks_meanwhile_gets_the_same_answer_and_who_asks_later_a_new_one() -> None:
    asked = Asked()
    shared = Shared(asked, "a question")
    waiting = [asyncio.create_task(shared.get()) for _ in range(3)]
    await asyncio.sleep(0)
    asked.may.set()
    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert await shared.get() == 2


async def test_one_who_leaves_takes_the_answer_from_nobody() -> None:
    asked = Asked()
    shared = Shared(asked, "a question")
    first, second = (asyncio.create_task(shared.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    asked.may.set()
    assert await second == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    asked = Asked(OSError("away"))
    asked.may.set()
    shared = Shared(asked, "a question")
    assert [str(end) for end in await asyncio.gather(shared.get(), shared.get(), return_exceptions=True)] == [
        "away"
    ] * 2
    with pytest.raises(OSError, match="away"):
        await shared.get()
    assert asked.count == 2


async def test_finds_of_one_pass_are_one_query_of_bounded_size(
    store_db: Mongo, connect_db: Callable[..., Mongo]
) -> None:
    queries = Queries()
    mongo = connect_db(event_listeners=[queries])
    await mongo.prepare()
    new = {"resolution": "D1", "period": 0, "expires": None, "encoding": 2, "samples": {}}
    await store_db.collection(HistoryDocument).insert_many([{"_id": f"D1|0|{n}", "parts": {}, **new} for n in range(9)])
    queries.finds.clear()
    find = SharedFinds(mongo, "period")
    found = await asyncio.gather(*(find([f"D1|0|{n}", "D1|0|none", f"D1|0|{n - 1}"]) for n in range(3)))
    assert [[each["_id"] for each in one] for one in found] == [
        ["D1|0|0"],
        ["D1|0|1", "D1|0|0"],
        ["D1|0|2", "D1|0|1"],
    ]
    assert found[0] == [{"_id": "D1|0|0", "period": 0}]
    assert queries.finds == ["history"]

    await asyncio.gather(*(find([f"none {n} {i}" for i in range(MAX_KEYS // 2)]) for n in range(4)))
    assert queries.finds == ["history"] * 3
