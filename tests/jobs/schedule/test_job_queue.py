"""The loop around arq: it goes on for as long as Redis refuses."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from arq.worker import Function

from jobs.schedule import job_queue
from jobs.schedule.job_queue import Queue
from tests.patience import patience

TRIES = 1_100


class Refused(Queue):
    """A queue whose Redis refuses each attempt at once. Sets `stop` after `TRIES` of them."""

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__("redis://127.0.0.1:1/0", "none")
        self.tries = 0
        self._stop = stop

    async def _serve_once(
        self, functions: Sequence[Function], stopping: "asyncio.Task[Any]", grace_seconds: float
    ) -> str | None:
        self.tries += 1
        if self.tries == TRIES:
            self._stop.set()
        return "WRONGPASS"


async def test_a_queue_that_is_refused_for_hours_is_still_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """At four seconds each, a thousand failures take an hour. Twice as long a pause for each is no longer a float."""
    monkeypatch.setattr(job_queue, "RESTART_SECONDS", 0.0)
    stop = asyncio.Event()
    queue = Refused(stop)
    async with patience():
        await queue.serve((), stop, grace_seconds=0.0)
    assert queue.tries == TRIES
    await queue.client.aclose()
