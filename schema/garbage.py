"""Python's cyclic garbage collector, kept out of the way of many records."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

SPARE_OBJECTS = 100_000  # some 15 MB


class GarbagePause:
    """Keeps the cyclic garbage collector from walking the records, which hold no cycles and come by the hundred thousand.

    It would walk all of them again with every few hundred new ones: half of a cycle's CPU at 10,000 nodes, and stalls of
    a tenth of a second while a snapshot is loaded. A pause begins with a collection of what there is, and at its end sets
    aside from later ones what there is then. What was set aside and has become garbage since, such as parsed documents
    that were let go, is looked for once more than `spare` objects have come together. What a failure leaves is not set
    aside: its traceback holds cycles, and through them all that was in the making.

    Pauses of one object may overlap. Those that strangers can cause, as often as they like, only pause
    (`sets_aside=False`).
    """

    def __init__(self, spare: int = SPARE_OBJECTS, *, sets_aside: bool = True) -> None:
        self._spare = spare
        self._sets_aside = sets_aside
        self._least: int | None = None
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
                self._set_aside()
        finally:
            self._open -= 1
            if not self._open:
                gc.enable()

    def _set_aside(self) -> None:
        gc.freeze()
        aside = gc.get_freeze_count()
        if self._least is not None and aside > self._least + self._spare:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._least = gc.get_freeze_count()
        else:
            self._least = aside if self._least is None else min(self._least, aside)
