"""`pnodes evaluate`: over the history of this deployment's store, over recorded lists, or over simulated months."""

import argparse
import time
from collections.abc import Callable

from jobs.evaluate import command
from jobs.evaluate.command import Request
from jobs.evaluate.sources import StoreSource
from jobs.evaluate.wishes import request_of
from jobs.stack.children import GaveUp
from jobs.stack.folder import InUse
from jobs.stack.own_store import connected, store_of
from jobs.stack.plan import Wish, plan_of
from schema.domain.errors import SnapshotUnavailable
from server.process.reasons import in_words
from server.settings import Settings
from server.storage.upkeep import MongoUpkeep


async def run(options: argparse.Namespace, settings: Callable[[], Settings], write: Callable[[str], None]) -> int:
    """Evaluate and print the results. Returns 0, or 1 if there is no store. `settings` is called only if one is needed.

    Raises ValueError and OSError for invalid arguments and for files that cannot be read or written.
    """
    request = request_of(options)
    if not request.needs_store:
        await command.run(request, command.sources(request), write)
        return 0
    try:
        await _over_store(request, settings(), write)
    except SnapshotUnavailable as error:
        write(f"{error}: {in_words(error)}")
        return 1
    except (GaveUp, InUse) as error:
        write(str(error))
        return 1
    return 0


async def _over_store(request: Request, settings: Settings, write: Callable[[str], None]) -> None:
    plan = plan_of(Wish(data_dir=request.data_dir), settings)
    start, end = request.wish.start or 0, request.wish.end or int(time.time())
    async with store_of(plan, settings, "from", write) as uri, connected(uri, plan.database) as mongo:
        await command.run(request, [StoreSource(MongoUpkeep(mongo), start, end)], write)
