"""The store of this deployment, for commands that run beside it: that of MONGO_URI, or the embedded one."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable

from jobs.stack import plan as plans
from jobs.stack.children import Child
from jobs.stack.folder import InUse, hold_folder, noted_stores
from jobs.stack.plan import Plan
from server.process.masking import mask_url
from server.settings import Settings
from server.storage.client import DEFAULT_TIMEOUT_SECONDS
from server.storage.connect import Mongo


@contextlib.asynccontextmanager
async def connected(uri: str, name: str, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> AsyncGenerator[Mongo]:
    """A database by URI and name, closed at the end."""
    mongo = Mongo(uri, name, timeout_seconds=timeout_seconds)
    try:
        yield mongo
    finally:
        await mongo.close()


@contextlib.asynccontextmanager
async def store_of(plan: Plan, settings: Settings, how: str, write: Callable[[str], None]) -> AsyncGenerator[str]:
    """The URI in MONGO_URI, that of a running `pnodes up` in this folder, or that of stores started for this command.

    `how` is the word before the name of the store in messages: `into`, `from`. Raises InUse, GaveUp.
    """
    if settings.mongo_uri is not None:
        write(f"{how} {mask_url(settings.mongo)}")
        yield settings.mongo
        return
    try:
        lock = hold_folder(plan.folder)
    except InUse:
        running = noted_stores(plan.folder)
        if running is None:
            raise
        if "mongo_uri" not in running:
            raise InUse(
                f"{plan.folder} is in use by a run with a MongoDB of its own: set MONGO_URI as it does"
            ) from None
        write(f"{how} the running stores of {plan.folder}")
        yield str(running["mongo_uri"])
        return
    with lock:
        write(f"{how} the stores of {plan.folder}")
        stores = Child(plans.stores(plan, os.environ), plan.logs, lambda who, what: write(f"{who}: {what}"))
        try:
            yield str((await stores.start())["mongo_uri"])
        finally:
            await stores.stop(asyncio.Event())
