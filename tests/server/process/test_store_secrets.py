"""API and worker log the reason why a store refuses them, and no part of the password."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from server.process import reasons
from tests.processes import free_port, module, wait_until

pytestmark = pytest.mark.stack

PASSWORD = "XQ@Z/#J?K:V%W [Y]&=ŁŻ"


def _events(text: str) -> dict[str, str]:
    """The logged reasons, by event."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {line["event"]: line.get("reason", line.get("error", "")) for line in lines}


@pytest.mark.parametrize("name", ["server", "jobs.worker"])
def test_a_wrong_password_is_named_and_not_shown(name: str, mongo_uri: str, redis_url: str, tmp_path: Path) -> None:
    escaped = quote(PASSWORD, safe="")
    environment = {
        "PATH": os.environ["PATH"],
        "MONGO_URI": mongo_uri.replace("mongodb://", f"mongodb://nobody:{escaped}@"),
        "REDIS_URL": redis_url.replace("redis://", f"redis://nobody:{escaped}@"),
        "IP_NODES": f"127.0.0.1:{free_port()}",
        "CACHE_TTL": "5",
        "PORT": str(free_port()),
        "LOG_LEVEL": "debug",
    }
    redis_event = "redis.unreachable" if name == "server" else "queue.unreachable"
    with module(name, log=tmp_path / "process.log", env=environment) as process:
        wait_until(lambda: {"store.unreachable", redis_event} <= _events(process.text()).keys(), "both are named")
        assert process.stop() == 0
    events = _events(process.text())
    assert events["store.unreachable"] == reasons.PASSWORD
    assert events[redis_event].startswith(reasons.PASSWORD)
    for secret in (PASSWORD, escaped, quote(PASSWORD)):
        assert not [piece for at in range(len(secret) - 3) if (piece := secret[at : at + 4]) in process.text()]
