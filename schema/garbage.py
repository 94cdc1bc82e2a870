"""Python's cyclic garbage collector, kept out of the way of many records."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


class GarbagePause:
    """Keeps the cyclic garbage collector from walking the records, which hold no cycles and come by the hundred thousand.

    It would walk all of them again with every few hundred new ones: half of a cycle's CPU at 10,000 nodes, and stalls of
    a tenth of a second while a snapshot is loaded. What is there at the end of a pause is set aside from later
    collections too; every so often everything is looked through after all, for the little garbage that does hold cycles.
    What a failure leaves is not set aside: its traceback holds cycles, and through them all that was in the making.
    Pauses of one object may overlap.
    """

    def __init__(self, reclaim_every: int | None = 60) -> None:
        self._reclaim_every = reclaim_every
        self._pauses = 0
        self._open = 0
        self._failed = False

    @contextmanager
    def __call__(self) -> Generator[None]:
        if self._failed:
            self._failed = False
            gc.collect()
        self._open += 1
        gc.disable()
        try:
            yield
        except BaseException:
            self._failed = True
            raise
        else:
            self._set_aside()
        finally:
            self._open -= 1
            if not self._open:
                gc.enable()

    def _set_aside(self) -> None:
        self._pauses += 1
        if self._reclaim_every and self._pauses % self._reclaim_every == 0:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
