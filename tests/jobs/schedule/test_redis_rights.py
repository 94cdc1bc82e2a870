"""The rights that docs/deploy.md gives a Redis user are enough for the queue and for the announcements."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis_asyncio
from arq.worker import func
from structlog.testing import capture_logs

from jobs.cycle.announce import RedisAnnouncer
from jobs.schedule.due import Job
from jobs.schedule.job_queue import Queue
from server.live import follow_announcements
from tests.patience import patience
from tests.processes import REPOSITORY, connects, free_port, valkey, wait_until


def _documented() -> list[str]:
    """The command of the page, with a password."""
    page = (REPOSITORY / "docs" / "deploy.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ACL SETUSER .*$", page, re.MULTILINE)
    return command.replace("PASSWORD", "secret").split()


@pytest.mark.stack
async def test_the_documented_user_may_do_all_that_is_needed(tmp_path: Path) -> None:
    port = free_port()
    ran, heard = asyncio.Event(), asyncio.Event()
    stop = asyncio.Event()

    async def cycle(ctx: dict[Any, Any], slot: int) -> str:
        ran.set()
        return "committed"

    with valkey(port, tmp_path), capture_logs() as events:
        await asyncio.to_thread(wait_until, lambda: connects(port), "valkey listens")
        async with redis_asyncio.Redis(port=port) as admin:
            await admin.execute_command(*_documented())  # pyright: ignore[reportUnknownMemberType]  (redis-py 5 leaves types open)
        url = f"redis://pnodes:secret@127.0.0.1:{port}/0"
        queue = Queue(url, "some-deployment")
        serving = asyncio.create_task(
            queue.serve([func(cycle, name="cycle", timeout=4, keep_result=60)], stop, grace_seconds=5)
        )
        following = asyncio.create_task(follow_announcements(url, heard.set))
        async with patience():
            await queue.put(Job("cycle", 60, int(time.time())))
            await ran.wait()
            await heard.wait()  # subscribed
            heard.clear()
            await RedisAnnouncer(queue.client).announce(60)
            await heard.wait()
        stop.set()
        await serving
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await queue.client.aclose()
    assert [event for event in events if event["log_level"] != "info"] == []
