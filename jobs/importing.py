"""`pnodes import`: recorded lists into the store of this deployment, whichever that is."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jobs import parts
from jobs import plan as plans
from jobs.children import Child, GaveUp
from jobs.folder import InUse, hold_folder, noted_stores
from jobs.importer import Imported, import_files
from jobs.plan import Plan, Wish, plan_of
from jobs.recording import read_recording, recording_files
from schema.domain.errors import SnapshotUnavailable
from schema.domain.words import counted
from server.masking import mask_url
from server.reasons import in_words
from server.settings import Settings
from server.storage.connect import Mongo
from server.storage.upkeep import MongoUpkeep

SPACING_RATIO = 1.5
"""By how much the time between two lists may differ from the length of a slot before that is said."""


class ImportWish(NamedTuple):
    """What to import; `keep_raw` exempts it from raw retention."""

    files: tuple[Path, ...]
    keep_raw: bool = False
    data_dir: Path | None = None


async def run(wish: ImportWish, settings: Settings, write: Callable[[str], None]) -> int:
    """Import, and say what became of the lists: 0, or 1 where there is no store to import into.

    Raises BadRecording, before anything is written, for a file that is no recorded list.
    """
    check(wish.files)
    plan = plan_of(Wish(data_dir=wish.data_dir), settings)
    try:
        async with _store(plan, settings, write) as uri, _connected(uri, plan.database) as mongo:
            done = await import_files(
                wish.files,
                MongoUpkeep(mongo),
                parts.cycle_options(settings),
                retention=parts.retention(settings),
                now=time.time(),
                keep_raw=wish.keep_raw,
                progress=sys.stderr.isatty(),
            )
    except SnapshotUnavailable as error:
        write(f"{error}: {in_words(error)}")
        return 1
    except (GaveUp, InUse) as error:
        write(str(error))
        return 1
    for line in told(done, settings.cache_ttl):
        write(line)
    return 0


def check(places: Sequence[Path]) -> None:
    """Raises BadRecording for a place without lists, and for a first file that is none, before any store is started."""
    for place in places:
        read_recording(recording_files(place)[0])


def told(done: Imported, interval: int) -> Iterator[str]:
    """What became of the lists, in words; `interval` is the length of a slot in seconds."""
    yield f"{counted(done.lists, 'list')} imported, as {counted(done.slots, 'slot')}"
    if done.superseded:
        yield f"{done.superseded} left out: a newer list of the same seed is in the same slot"
    if done.known:
        yield f"{done.known} left out: an earlier import has filled their hours"
    if done.live:
        yield f"{done.live} left out: they are from the time that was collected here"
    yield from done.findings.lines()
    if (
        done.spacing is not None
        and done.slots
        and not interval / SPACING_RATIO < done.spacing < interval * SPACING_RATIO
    ):
        yield (
            f"the lists are some {done.spacing} s apart, but slots are {interval} s long:"
            " set CACHE_TTL for an import to the time between two lists"
        )


@contextlib.asynccontextmanager
async def _connected(uri: str, name: str) -> AsyncGenerator[Mongo]:
    mongo = Mongo(uri, name)
    try:
        yield mongo
    finally:
        await mongo.close()


@contextlib.asynccontextmanager
async def _store(plan: Plan, settings: Settings, write: Callable[[str], None]) -> AsyncGenerator[str]:
    """The URI of MONGO_URI, of the running `pnodes up` in this folder, or of stores started for the time being."""
    if settings.mongo_uri is not None:
        write(f"into {mask_url(settings.mongo)}")
        yield settings.mongo
        return
    try:
        lock = hold_folder(plan.folder)
    except InUse:
        running = noted_stores(plan.folder)
        if running is None:
            raise
        write(f"into the running stores of {plan.folder}")
        yield str(running["mongo_uri"])
        return
    with lock:
        write(f"into the stores of {plan.folder}")
        stores = Child(plans.stores(plan, os.environ), plan.logs, lambda who, what: write(f"{who}: {what}"))
        try:
            yield str((await stores.start())["mongo_uri"])
        finally:
            await stores.stop(asyncio.Event())
