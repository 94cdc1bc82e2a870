"""`pnodes up` with an external MongoDB and no Redis: API, worker and Valkey in one process tree, and nothing else."""

import os
from pathlib import Path

import pytest

from tests.processes import descendants, fetch, free_port, module, wait_until

pytestmark = pytest.mark.stack


def commands(pid: int) -> list[str]:
    """The processes below a run, without those that have ended meanwhile."""
    found: list[str] = []
    for each in descendants(pid):
        place = Path(f"/proc/{each}/cmdline")
        if place.exists():
            found.append(place.read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.mark.whole
def test_one_process_tree_serves_with_a_queue_of_its_own(mongo_uri: str, db_name: str, tmp_path: Path) -> None:
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "MONGO_URI": mongo_uri,
        "MONGO_DB": db_name,
        "CACHE_TTL": "5",
        "PORT": str(port),
        "HOST": "0.0.0.0",  # noqa: S104  (as in the image)
    }
    command = ("jobs", "up", "--simulate", "30", "--data-dir", str(tmp_path / "data"))
    with module(*command, log=tmp_path / "up.log", env=env) as up:
        wait_until(lambda: fetch(f"http://127.0.0.1:{port}/health/ready")[0] == 200, "the API is ready")
        running = commands(up.child.pid)
        assert len([each for each in running if "valkey-server" in each]) == 1
        assert len([each for each in running if "-m jobs.worker" in each]) == 1
        assert len([each for each in running if "-m server" in each]) == 1
        (stores,) = [each for each in running if "jobs.stack.embedded" in each]
        assert "--without mongo" in stores
        assert "your MONGO_URI, Valkey on 127.0.0.1" in up.text()
        assert not (tmp_path / "data" / "simulated" / "stores" / "mongo").exists()
        assert up.stop() == 0
    worker = (tmp_path / "data" / "simulated" / "logs" / "worker.log").read_text(encoding="utf-8")
    assert "queue.unreachable" not in worker
