"""The commands `backup`, `restore` and `move`. Messages go to stderr, because stdout may be the backup itself."""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from jobs.backup.archive import ArchiveReader
from jobs.backup.moving import move
from jobs.backup.places import STREAM, read_from, written_to
from jobs.backup.progress import Progress, size
from jobs.backup.restoring import restore
from jobs.backup.taking import back_up
from jobs.stack.children import GaveUp
from jobs.stack.folder import InUse
from jobs.stack.own_store import connected, store_of
from jobs.stack.plan import Plan, Wish, plan_of
from schema.backup import BackupError, Manifest, Moment
from schema.domain.base import written
from schema.domain.errors import SnapshotUnavailable
from schema.domain.words import counted
from server import logs
from server.process.masking import mask_url
from server.process.reasons import in_words
from server.process.release import release
from server.settings import BadSettings, Settings
from server.storage.backup.raw import MODELS
from server.storage.backup.source import MongoBackupSource
from server.storage.backup.target import MongoBackupTarget
from server.storage.client import parsed_uri
from server.storage.connect import Mongo
from server.storage.migrations.version import check_version

STORE_SECONDS = 60.0
"""The time limit of one operation of a copy. It is longer than that of an API request, because no client is waiting."""


def add_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="FILE|-", help="where to write it; - is stdout")
    parser.add_argument("--force", action="store_true", help="replace a FILE that exists")
    _add_data_dir(parser)


def add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="FILE|-", help="the backup; - is stdin")
    parser.add_argument("--force", action="store_true", help="replace what the store holds")
    _add_data_dir(parser)


def add_move(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", required=True, metavar="MONGO_URI", help="the server to move to")
    parser.add_argument("--to-db", metavar="NAME", help="the database there (MONGO_DB)")
    parser.add_argument("--force", action="store_true", help="replace what the database there holds")
    _add_data_dir(parser)


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the embedded stores (DATA_DIR)")


def run_backup(options: argparse.Namespace, settings: Settings) -> int:
    """Write a backup. Returns 0 if it is complete, otherwise 1."""

    async def work(plan: Plan, progress: Progress) -> None:
        async with store_of(plan, settings, "from", progress.say) as uri, _database(uri, plan) as mongo:
            about = {"database": plan.database, "network": plan.network, "release": release()}
            with written_to(options.place, force=options.force) as out:
                now = int(time.time())
                manifest = await back_up(
                    MongoBackupSource(mongo), out, {**about, "taken_at": now}, now=now, progress=progress
                )
        progress.say(f"backup {_described(manifest)}, in {_named(options.place, 'stdout')}")

    return _run(options, settings, work)


def run_restore(options: argparse.Namespace, settings: Settings) -> int:
    """Restore a backup. Returns 0 if the store holds all of it, otherwise 1."""

    async def work(plan: Plan, progress: Progress) -> None:
        with read_from(options.place) as source:
            reader = await asyncio.to_thread(ArchiveReader, source, MODELS.keys())
            check_version(reader.about.get("document_version"))
            async with store_of(plan, settings, "into", progress.say) as uri, _database(uri, plan) as mongo:
                target = MongoBackupTarget(mongo, note=progress.say)
                manifest = await restore(reader, target, force=options.force, progress=progress)
        progress.say(f"restored {_described(manifest)}, from {_named(options.place, 'stdin')}")

    return _run(options, settings, work)


def run_move(options: argparse.Namespace, settings: Settings) -> int:
    """Move the store. Returns 0 if the other store holds all of it, else 1. Raises BadSettings for an invalid URI."""
    try:
        parsed_uri(options.to)
    except (PyMongoError, ValueError) as error:
        raise BadSettings((f"--to {mask_url(options.to)}: {error}",)) from error

    async def work(plan: Plan, progress: Progress) -> None:
        name = options.to_db or plan.database
        async with (
            store_of(plan, settings, "from", progress.say) as uri,
            _database(uri, plan) as mongo,
            connected(options.to, name, timeout_seconds=STORE_SECONDS) as other,
        ):
            if (uri, plan.database) == (options.to, name):
                raise BackupError("--to is the store itself: expected another server or database")
            progress.say(f"to {mask_url(options.to)}, database {name}")
            source = MongoBackupSource(mongo)
            target = MongoBackupTarget(other, source=source, note=progress.say)
            moment = await move(source, target, force=options.force, now=int(time.time()), progress=progress)
        for line in _next_steps(moment, options.to, name, changed=name != settings.mongo_db):
            progress.say(line)

    return _run(options, settings, work)


def _run(
    options: argparse.Namespace, settings: Settings, work: Callable[[Plan, Progress], Coroutine[Any, Any, None]]
) -> int:
    logs.configure(level=settings.log_level, log_format=settings.log_format)
    plan = plan_of(Wish(data_dir=options.data_dir), settings)
    with Progress(sys.stderr) as progress:
        try:
            asyncio.run(work(plan, progress))
        except SnapshotUnavailable as error:
            progress.say(f"{error}: {in_words(error)}" if error.__cause__ else str(error))
            return 1
        except (BackupError, GaveUp, InUse) as error:
            progress.say(str(error))
            return 1
        except OSError as error:
            progress.say(f"{error.filename or options.place}: {error.strerror or error}")
            return 1
    return 0


def _database(uri: str, plan: Plan) -> "contextlib.AbstractAsyncContextManager[Mongo]":
    return connected(uri, plan.database, timeout_seconds=STORE_SECONDS)


def _described(manifest: Manifest) -> str:
    slot = manifest.moment.slot
    of = "without a slot" if slot is None else f"up to slot {written(slot)}"
    return f"{of}: {counted(manifest.documents, 'document')}, {size(manifest.bytes)}"


def _named(place: str, stream: str) -> str:
    return stream if place == STREAM else place


def _next_steps(moment: Moment, uri: str, name: str, *, changed: bool) -> list[str]:
    of = "" if moment.slot is None else f" up to slot {written(moment.slot)}"
    variables = f"MONGO_URI={mask_url(uri)}" + (f" and MONGO_DB={name}" if changed else "")
    return [
        f"moved and compared{of}; nothing was changed where it came from",
        "to move the slots since: stop collecting, and give this command once more",
        f"then set {variables} and start",
    ]
