"""Common behaviour of feeds that are not shared."""

from collections.abc import AsyncGenerator

from server.graphql_http.feeds import MAX_RECENT, Feeds
from tests.patience import settle


class Listener:
    """Records the results."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def next(self, payload: bytes) -> None:
        self.payloads.append(payload)

    def complete(self) -> None:
        """There are no more results."""

    async def room(self) -> None:
        """There is always room."""


async def numbers(count: int = 3) -> AsyncGenerator[bytes]:
    for number in range(count):
        yield b"result %d" % number


async def test_equal_results_of_different_feeds_are_one_object() -> None:
    feeds, listeners = Feeds(), [Listener(), Listener()]
    for listener in listeners:
        feeds.join(None, numbers, listener)
    await settle()

    one, two = (listener.payloads for listener in listeners)
    assert one == two == [b"result 0", b"result 1", b"result 2"]
    assert [id(payload) for payload in one] == [id(payload) for payload in two]


async def test_results_are_remembered_within_bounds() -> None:
    feeds, listener = Feeds(), Listener()
    for first in range(0, 2 * MAX_RECENT, 16):

        async def source(first: int = first) -> AsyncGenerator[bytes]:
            for number in range(16):
                yield b"result %d" % (first + number)

        feeds.join(None, source, listener)
        await settle()

    assert len(listener.payloads) == 2 * MAX_RECENT
    assert feeds.remembered <= MAX_RECENT
