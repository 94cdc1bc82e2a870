"""Reports the progress of a copy on stderr: one line updated in place on a terminal, occasional lines elsewhere."""

import time
from collections.abc import Callable
from typing import NoReturn, TextIO

from tqdm import tqdm

from schema.backup import Batch
from schema.domain.words import counted

LINE_SECONDS = 10.0
KILO = 1_000


class Progress:
    """Counts what is copied. Use as a context manager. `clock` gives seconds."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._said_at = clock()
        self._documents = 0
        self._bytes = 0
        self._bar: tqdm[NoReturn] | None = tqdm(unit=" documents", file=out, unit_scale=True) if out.isatty() else None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, batch: Batch) -> None:
        self._documents += len(batch.documents)
        self._bytes += sum(map(len, batch.documents))
        if self._bar is not None:
            self._bar.set_description(batch.collection, refresh=False)
            self._bar.update(len(batch.documents))
        elif self._clock() - self._said_at >= LINE_SECONDS:
            self._said_at = self._clock()
            self.say(f"{batch.collection}: {counted(self._documents, 'document')} so far, {size(self._bytes)}")

    def say(self, line: str) -> None:
        """Write a separate line."""
        if self._bar is not None:
            self._bar.write(line, file=self._out)
        else:
            self._out.write(f"{line}\n")
            self._out.flush()


def size(count: int) -> str:
    """Format a number of bytes: `12 bytes`, `3.4 kB`."""
    if count < KILO:
        return counted(count, "byte")
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= KILO
        if value < KILO:
            return f"{value:.1f} {unit}"
    return f"{value / KILO:.1f} TB"
