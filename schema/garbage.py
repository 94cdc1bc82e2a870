"""Python's cyclic garbage collector, kept out of the way of many records."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

SPARE_OBJECTS = 100_000  # some 15 MB


class GarbagePause:
    """Keeps the cyclic garbage collector from walking the records, which hold no cycles and come by the hundred thousand.

    It would walk all of them again with every few hundred new ones: half of a cycle's CPU at 10,000 nodes, and stalls of
    a tenth of a second while a snapshot is loaded. A pause begins with a collection of what there is, and at its end sets
    aside from later ones what there is then. A process that serves strangers pauses for single steps of a load, between
    which the event loop runs: what their requests leave would be set aside with the records. What a failure leaves is not
    set aside: its traceback holds cycles, and through them all that was in the making.

    `look_through`, called after each load or cycle, finds what has become garbage since it was set aside.

    Pauses of one object may overlap. Those that strangers can cause, as often as they like, only pause
    (`sets_aside=False`).
    """

    def __init__(self, spare: int = SPARE_OBJECTS, *, count_every: int = 4, sets_aside: bool = True) -> None:
        self._spare = spare
        self._count_every = count_every
        self._sets_aside = sets_aside
        self._most: int | None = None
        self._looks = 0
        self._open = 0

    @contextmanager
    def __call__(self) -> Generator[None]:
        if self._sets_aside:
            gc.collect()
        self._open += 1
        gc.disable()
        try:
            yield
            if self._sets_aside:
                gc.freeze()
        finally:
            self._open -= 1
            if not self._open:
                gc.enable()

    def look_through(self) -> None:
        """Look for garbage in what was set aside, once that is more than twice what it was first, and `spare` objects.

        That allows for the newest records, those before them, and some. To count is a step of some 40 ms at 10,000 nodes,
        so that only every fourth call does (`count_every`).
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
