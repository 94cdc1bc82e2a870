"""The queue of messages to one subscriber: bounded, and the newest results are kept.

A slow reader costs a bounded amount of memory and delays no other client. In a subscription whose results replace each
other (snapshots) only the newest are queued. In others every result matters, and a reader that is too far behind loses
its connection, and resumes at its last cursor. A connection that has been behind for too long is closed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MAX_WAITING_SNAPSHOTS = 8
MAX_WAITING_RESULTS = 4_096
MAX_WAITING_CHARACTERS = 8 * 2**20
MAX_WAITING_CONTROL = 128
# How far a feed of a single reader runs ahead of it.
MAX_AHEAD_RESULTS = 256
MAX_AHEAD_CHARACTERS = 256 * 1_024
# If all connections together have more than this queued, each such feed runs a single result ahead.
MAX_AHEAD_IN_ALL = 16 * 2**20
SLOW_SECONDS = 30.0


class Overflow(Exception):
    """The reader is too far behind to be served any further."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A message with a result. All messages share the result's bytes; the text is created when it is sent."""

    before: str
    payload: bytes
    after: str

    def __len__(self) -> int:
        return len(self.before) + len(self.payload) + len(self.after)

    def text(self) -> str:
        return f"{self.before}{self.payload.decode()}{self.after}"


class Waiting:
    """The number of characters queued in all outboxes of a process."""

    def __init__(self) -> None:
        self.characters = 0


class Outbox:
    """The messages of one connection. `put` never waits; `take` waits for the next message.

    Results of one subscription keep their order. Control messages go first, except that the completion of a
    subscription never overtakes its results.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, in_all: Waiting | None = None) -> None:
        self._clock = clock
        self._in_all = in_all or Waiting()
        self._control: deque[str] = deque()
        self._results: dict[str, deque[str | Framed]] = {}
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self._behind_since: float | None = None
        self._characters = 0
        self.dropped = 0

    @property
    def characters(self) -> int:
        """The total length of all queued results."""
        return self._characters

    def control(self, message: str) -> None:
        """Queue a message that must not be lost. Raises Overflow if too many are queued."""
        if len(self._control) >= MAX_WAITING_CONTROL:
            raise Overflow(f"{MAX_WAITING_CONTROL} messages wait")
        self._control.append(message)
        self._ready.set()

    def result(self, subscription: str, message: str | Framed, *, replaces: bool) -> None:
        """Queue a result. Raises Overflow if the reader is too far behind.

        `replaces`: it makes older results of its subscription obsolete, so they are dropped, for 30 seconds.
        """
        waiting = self._results.setdefault(subscription, deque())
        if replaces and len(waiting) >= MAX_WAITING_SNAPSHOTS:
            self._count(-len(waiting.popleft()))
            self.dropped += 1
            self._note_delay()
        if len(waiting) >= MAX_WAITING_RESULTS or self._characters + len(message) > MAX_WAITING_CHARACTERS:
            raise Overflow(f"{len(waiting)} results of one subscription wait, {self._characters} characters in all")
        self._count(len(message))
        waiting.append(message)
        self._ready.set()

    def _count(self, characters: int) -> None:
        self._characters += characters
        self._in_all.characters += characters

    def _note_delay(self) -> None:
        now = self._clock()
        if self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > SLOW_SECONDS:
            raise Overflow(f"the reader has been behind for {SLOW_SECONDS:g} s")

    def finish(self, subscription: str, message: str) -> None:
        """Queue the last message of a subscription, after its results."""
        self._count(len(message))
        self._results.setdefault(subscription, deque()).append(message)
        self._ready.set()

    def forget(self, subscription: str) -> None:
        """Drop the queued messages of a subscription that its client has ended."""
        self._count(-sum(map(len, self._results.pop(subscription, ()))))
        self._room.set()

    def forget_all(self) -> None:
        """Drop everything, because the connection has ended."""
        for subscription in tuple(self._results):
            self.forget(subscription)

    async def room(self) -> None:
        """Return once few enough messages are queued for a producer to continue."""
        while self._is_crowded():
            self._room.clear()
            await self._room.wait()

    def _is_crowded(self) -> bool:
        waiting = sum(map(len, self._results.values()))
        if waiting and self._in_all.characters > MAX_AHEAD_IN_ALL:
            return True
        return self._characters > MAX_AHEAD_CHARACTERS or waiting > MAX_AHEAD_RESULTS

    async def take(self) -> str:
        """Wait for the next message."""
        while True:
            if self._control:
                return self._control.popleft()
            for subscription, waiting in self._results.items():
                message = waiting.popleft()
                self._count(-len(message))
                self._room.set()
                # Appended at the end, so that subscriptions alternate.
                del self._results[subscription]
                if waiting:
                    self._results[subscription] = waiting
                else:
                    self._behind_since = None
                return message if isinstance(message, str) else message.text()
            self._ready.clear()
            await self._ready.wait()
