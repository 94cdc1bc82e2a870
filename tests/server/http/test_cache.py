import asyncio
import gc
import tracemalloc

import orjson

from server.http.cache import Flights, ResponseCache, StoredResponse


class View:
    name = 1

    def __call__(self) -> int:
        return self.name


def kept(cache: ResponseCache, question: object, body: bytes = b"{}") -> bool:
    """Get twice and put twice, like two requests. Returns whether the response is kept."""
    results = []
    for _ in range(2):
        cache.get(question)
        results.append(cache.put(question, StoredResponse(body, []), cache.view()))
    return results[-1]


def test_an_answer_takes_no_more_than_it_is_counted_with() -> None:
    tracemalloc.start()
    try:
        answer = StoredResponse(orjson.dumps("x" * 5_000), [])
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < answer.size


def test_a_question_is_let_in_when_it_comes_for_the_second_time() -> None:
    cache = ResponseCache(View(), max_entries=10, max_bytes=10**6)
    assert not cache.put("q", StoredResponse(b"1", []), cache.view())
    assert cache.put("q", StoredResponse(b"1", []), cache.view())
    assert cache.get("q") is not None


def test_everything_is_forgotten_when_the_view_changes() -> None:
    view = View()
    cache = ResponseCache(view, max_entries=10, max_bytes=10**6)
    assert kept(cache, "q")
    view.name = 2
    assert (cache.get("q"), cache.bytes_kept) == (None, 0)


def test_an_answer_from_an_older_view_is_not_kept() -> None:
    view = View()
    cache = ResponseCache(view, max_entries=10, max_bytes=10**6)
    old = cache.view()
    kept(cache, "q")
    view.name = 2
    cache.get("q")
    assert not cache.put("q", StoredResponse(b"1", []), old)


def test_a_flood_of_questions_that_come_once_evicts_nothing() -> None:
    cache = ResponseCache(View(), max_entries=10, max_bytes=10**6)
    assert kept(cache, "useful")
    for number in range(5_000):
        cache.put(f"flood {number}", StoredResponse(b"1", []), cache.view())
    assert (cache.get("useful") is not None, len(cache)) == (True, 1)


def test_entries_and_bytes_are_bounded() -> None:
    cache = ResponseCache(View(), max_entries=3, max_bytes=10**6)
    for number in range(6):
        kept(cache, number)
    assert (len(cache), cache.get(5) is not None, cache.get(0)) == (3, True, None)
    small = ResponseCache(View(), max_entries=100, max_bytes=100_000)
    for number in range(50):
        kept(small, number, b"x" * 4_000)
    assert small.bytes_kept <= 100_000
    assert not kept(small, "huge", b"x" * 50_000)


def test_hits_are_counted() -> None:
    cache = ResponseCache(View(), max_entries=3, max_bytes=10**6)
    assert cache.hit_ratio is None
    kept(cache, "q")
    cache.get("q")
    assert (cache.hits, cache.misses, cache.hit_ratio) == (1, 2, 1 / 3)


def test_a_small_answer_is_never_compressed_and_a_large_one_once() -> None:
    assert StoredResponse(b"{}", []).variant("br").body == b"{}"
    large = StoredResponse(b"x" * 5_000, [])
    assert large.variant("br") is large.variant("br")
    assert dict(large.variant("gzip").start.message(b"")["headers"])[b"content-encoding"] == b"gzip"


def test_the_starts_of_a_304_are_made_once_and_only_if_they_are_needed() -> None:
    answer = StoredResponse(b"x" * 5_000, [])
    answer.variant("identity").start.message(b"")
    tables = [each for each in gc.get_referents(answer) if isinstance(each, dict)]
    assert tables == [{"identity": answer.variant("identity")}]
    assert answer.unchanged is answer.unchanged
    assert all(answer.unchanged[tag].status == 304 for tag in (answer.etag.encode(), answer.variant("br").etag))


def test_only_a_long_answer_that_is_not_compressed_yet_takes_long() -> None:
    long = StoredResponse(b"x" * 300_000, [])
    assert (long.takes_long("br"), long.takes_long("identity")) == (True, False)
    long.variant("br")
    assert not long.takes_long("br")
    assert not StoredResponse(b"x" * 5_000, []).takes_long("br")


async def test_one_flight_serves_all_who_ask_meanwhile() -> None:
    flights, started, go = Flights(), 0, asyncio.Event()

    async def make() -> int:
        nonlocal started
        started += 1
        await go.wait()
        return started

    asking = [asyncio.create_task(flights.once("q", make)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    go.set()
    assert (await asyncio.gather(*asking[1:]), started) == ([1, 1, 1, 1], 1)
    assert await flights.once("q", make) == 2
