"""`pnodes import`: load recorded lists into the store of this deployment."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jobs import parts
from jobs.past.importer import Imported, import_files
from jobs.past.recording import read_recording, recording_files
from jobs.stack.children import GaveUp
from jobs.stack.folder import InUse
from jobs.stack.own_store import connected, store_of
from jobs.stack.plan import Wish, plan_of
from schema.domain.base import HOUR
from schema.domain.errors import SnapshotUnavailable
from schema.domain.words import counted
from server.process.reasons import in_words
from server.settings import Settings
from server.storage.network import refusal_of_network
from server.storage.upkeep import MongoUpkeep

LONGEST_SLOT = HOUR
"""The maximum of `CACHE_TTL`."""
SPACING_RATIO = 1.5
"""How far the time between two lists may differ from the length of a slot before a warning is printed."""


class ImportWish(NamedTuple):
    """What to import. `keep_raw` exempts it from raw retention."""

    files: tuple[Path, ...]
    keep_raw: bool = False
    data_dir: Path | None = None


async def run(wish: ImportWish, settings: Settings, write: Callable[[str], None]) -> int:
    """Import the lists and print a summary. Returns 0, or 1 if there is no store, or if it holds another network.

    Raises BadRecording, before anything is written, for a file that is not a recorded list.
    """
    check(wish.files)
    plan = plan_of(Wish(data_dir=wish.data_dir), settings)
    try:
        async with store_of(plan, settings, "into", write) as uri, connected(uri, plan.database) as mongo:
            if (refusal := await refusal_of_network(mongo, plan.network)) is not None:
                write(refusal)
                return 1
            done = await import_files(
                wish.files,
                MongoUpkeep(mongo),
                parts.cycle_options(settings),
                retention=parts.retention(settings),
                now=time.time(),
                keep_raw=wish.keep_raw,
                progress=sys.stderr.isatty(),
                planned=lambda account: _say(spacing_hint(account, settings.cache_ttl), write),
            )
    except SnapshotUnavailable as error:
        write(f"{error}: {in_words(error)}")
        return 1
    except (GaveUp, InUse) as error:
        write(str(error))
        return 1
    _say(summary(done), write)
    return 0


def _say(lines: Iterable[str], write: Callable[[str], None]) -> None:
    for line in lines:
        write(line)


def check(places: Sequence[Path]) -> None:
    """Raises BadRecording for a path without lists, or if the first file is not a list, before a store is started."""
    for place in places:
        read_recording(recording_files(place)[0])


def summary(done: Imported) -> Iterator[str]:
    """The summary of an import as lines of text."""
    yield f"{counted(done.lists, 'list')} imported, as {counted(done.slots, 'slot')}"
    if done.superseded:
        yield f"{done.superseded} skipped: a newer list of the same seed is in the same slot"
    if done.known:
        yield f"{done.known} skipped: an earlier import has filled their hours"
    if done.live:
        yield f"{done.live} skipped: they are from the time that was collected here"
    yield from done.findings.lines()


def spacing_hint(planned: Imported, interval: int) -> Iterator[str]:
    """A hint if the lists are much closer together, or further apart, than the slots of `interval` seconds."""
    spacing = planned.spacing
    if spacing is None or not planned.slots:
        return
    fitting = min(spacing, LONGEST_SLOT)
    if interval / SPACING_RATIO < fitting < interval * SPACING_RATIO:
        return
    yield f"the lists are some {spacing} s apart, but slots are {interval} s long: set CACHE_TTL to the time between two lists"
    yield "hours are filled once: to import with another CACHE_TTL, stop this import (Ctrl-C) and start it again"
