"""Controls Python's cyclic garbage collector, so that it does not traverse large numbers of records."""

import gc
import inspect
from collections.abc import Callable
from typing import TypeVar

SPARE_OBJECTS = 100_000  # some 15 MB

T = TypeVar("T")


class Garbage:
    """Controls the garbage collector of a process. The composition root creates one, and nothing else uses `gc`.

    Records contain no cycles and are created by the hundred thousand. The collector would traverse all of them with
    every few hundred new ones: half of a cycle's CPU at 10,000 nodes, and pauses of a tenth of a second while a
    snapshot is loaded. It is therefore disabled during a step that creates records, and the records of a step are
    frozen (`step`).

    A step is a synchronous function, so nothing else runs in it, and the collector is never disabled across an `await`.
    Garbage from before a step is collected first; otherwise it would be frozen with the records. After a failure
    nothing is frozen, because the traceback contains cycles that reference everything created so far.
    """

    def __init__(self, spare: int = SPARE_OBJECTS, *, count_every: int = 4) -> None:
        self._spare = spare
        self._count_every = count_every
        self._most: int | None = None
        self._looks = 0
        self._open = 0

    def step(self, work: Callable[[], T]) -> T:
        """Call `work` with the collector disabled, and return its result. Objects alive at the end are frozen.

        Raises TypeError if `work` is asynchronous.
        """
        gc.collect()
        # Once the collector is enabled, the next allocation makes it traverse all that is not frozen by then.
        return self._run(work, at_end=gc.freeze)

    def brief_step(self, work: Callable[[], T]) -> T:
        """Like `step`, without freezing: for steps that clients can trigger at any rate."""
        return self._run(work, at_end=None)

    def _run(self, work: Callable[[], T], *, at_end: Callable[[], None] | None) -> T:
        self._open += 1
        gc.disable()
        try:
            made = work()
            if inspect.isawaitable(made):
                raise TypeError(f"a step of {work!r} is asynchronous: expected a plain function")
            if at_end is not None:
                at_end()
        finally:
            self._open -= 1
            if not self._open:
                gc.enable()
        return made

    def look_through(self) -> None:
        """Collect frozen objects once there are more than twice as many as at first, plus `spare`.

        Call it after each load or cycle. The factor of two allows for the newest records and those before them.
        Counting takes some 40 ms at 10,000 nodes, so only every fourth call counts (`count_every`).
        """
        if self._looks % self._count_every == 0:
            aside = gc.get_freeze_count()
            if self._most is None:
                self._most = 2 * aside + self._spare
            elif aside > self._most:
                gc.unfreeze()
                gc.collect()
                gc.freeze()
                self._most = max(self._most, gc.get_freeze_count() + self._spare)
        self._looks += 1
