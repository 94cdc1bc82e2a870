"""Python's cyclic garbage collector, kept out of the way of many records."""

import gc
import inspect
from collections.abc import Callable
from typing import TypeVar

SPARE_OBJECTS = 100_000  # some 15 MB

T = TypeVar("T")


class Garbage:
    """Steers the garbage collector of a process. The composition root makes one, and nothing else touches `gc`.

    Records hold no cycles and come by the hundred thousand. The collector would walk all of them again with every few
    hundred new ones: half of a cycle's CPU at 10,000 nodes, and stalls of a tenth of a second while a snapshot is
    loaded. So it is off during a step that makes records, and walks no record that a step left behind (`step`).

    A step is a plain function, so that nothing else runs in it: the collector is never off across an `await`. What other
    tasks left before a step is collected first; otherwise it would be set aside with the records. After a failure nothing
    is set aside, because the traceback holds cycles and through them all that was being made.
    """

    def __init__(self, spare: int = SPARE_OBJECTS, *, count_every: int = 4) -> None:
        self._spare = spare
        self._count_every = count_every
        self._most: int | None = None
        self._looks = 0
        self._open = 0

    def step(self, work: Callable[[], T]) -> T:
        """What `work` returns, made while the collector is off. It never walks again what there is at the end.

        Raises TypeError if `work` is asynchronous.
        """
        gc.collect()
        made = self.brief_step(work)
        gc.freeze()
        return made

    def brief_step(self, work: Callable[[], T]) -> T:
        """As `step`, but what was made is not set aside: for steps that clients can cause as often as they like."""
        self._open += 1
        gc.disable()
        try:
            made = work()
        finally:
            self._open -= 1
            if not self._open:
                gc.enable()
        if inspect.isawaitable(made):
            raise TypeError(f"a step of {work!r} is asynchronous: expected a plain function")
        return made

    def look_through(self) -> None:
        """Look for garbage in what was set aside, once that is more than twice what it was first, and `spare` objects.

        Call it after each load or cycle. Twice allows for the newest records and those before them. To count takes some
        40 ms at 10,000 nodes, so that only every fourth call does (`count_every`).
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
