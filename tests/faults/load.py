"""How much slower than an idle machine this one is while a test runs, and the bounds on time that follow from it.

Load changes within a run. It is measured during each test, because a figure from the start of the run says little
later.
"""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

TTL = 5
RESTART_SECONDS = 3.0
"""About what a process takes to start and to run a cycle on an idle machine."""
SAMPLES = 10
PAUSE_SECONDS = TTL / SAMPLES
"""The samples of one slot are averaged, so that a moment in which the machine is busy does not count alone."""
WORK = bytes(8 * 2**20)


def slowness() -> float:
    """Elapsed time of some work per CPU time, at least 1.

    The work releases the GIL, and so excludes the other threads of this process.
    """
    began, used = time.monotonic(), time.thread_time()
    hashlib.sha256(WORK).digest()
    return max(1.0, (time.monotonic() - began) / (time.thread_time() - used))


class Load:
    """The load while a test runs. `sample` returns the slowness now."""

    def __init__(self, sample: Callable[[], float] = slowness) -> None:
        self._sample = sample
        self._recent: deque[float] = deque(maxlen=SAMPLES)
        self.slowness = 1.0

    def look(self) -> None:
        """Take a sample. `slowness` is the highest mean over a slot so far."""
        self._recent.append(self._sample())
        self.slowness = max(self.slowness, sum(self._recent) / len(self._recent))

    def begin(self) -> None:
        """Forget earlier tests."""
        self._recent.clear()
        self.slowness = 1.0
        self._recent.extend(self._sample() for _ in range(SAMPLES))
        self.look()

    @contextmanager
    def watched(self) -> Generator[None]:
        """Take samples in the background."""
        self.begin()
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(PAUSE_SECONDS):
                self.look()

        watcher = threading.Thread(target=watch, name="load", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def seconds(self, idle: float) -> float:
        """How long something may take that may take `idle` seconds on an idle machine."""
        return idle * self.slowness

    def gap(self, slots: int) -> int:
        """The longest gap, in seconds, between two slots if it may be this many slots long on an idle machine."""
        return (slots + int((self.slowness - 1) * RESTART_SECONDS // TTL)) * TTL


LOAD = Load()
"""That of the test that runs now."""
