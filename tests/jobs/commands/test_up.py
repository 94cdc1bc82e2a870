"""The whole stack by one command, and worker processes that are killed. Slots of 5 s, only on loopback."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import cli
from jobs.stack.dial_map import DIAL_MAP_VARIABLE, write_dial_map
from tests.processes import Process, alive, connects, descendants, fetch, free_port, module, valkey, wait_until

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for left-over processes in /proc"),
]

TTL = 5
QUESTION = """{ pnodes(first: 5, orderBy: [{field: SCORE, direction: DESC}]) { totalCount nodes {
  address pubkey version status score { composite tier } } }
  networkHealth { score status } recommendations(first: 3) { nodes { pnode { address } } } }"""


def _environment(**settings: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "CACHE_TTL": str(TTL), "LOG_FORMAT": "json", **settings}


def _up(folder: Path, *arguments: str, **settings: str) -> Process:
    command = (sys.executable, "-m", "jobs.cli", "up", "--data-dir", str(folder / "data"), *arguments)
    return Process(*command, log=folder / "up.log", env=_environment(**settings))


class Simulated:
    """A simulated network, and the settings by which a worker polls it."""

    def __init__(self, process: Process, folder: Path) -> None:
        line = wait_until(lambda: process.text().partition("\n")[0], "the network announces itself")
        announced = json.loads(line)
        self.dial_map = folder / "dial-map.json"
        write_dial_map(self.dial_map, announced["dial_map"])
        self.environment = {"IP_NODES": ",".join(announced["seeds"]), DIAL_MAP_VARIABLE: str(self.dial_map)}


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Simulated]:
    with module("jobs.simulate", "--nodes", "30", log=tmp_path / "simulate.log") as process:
        yield Simulated(process, tmp_path)


def _worker(folder: Path, name: str, environment: dict[str, str]) -> Process:
    return module("jobs.worker", "--simulated", log=folder / f"{name}.log", env=environment)


def _commits(process: Process) -> list[int]:
    """The slots that a worker has committed, according to its log."""
    lines = (json.loads(line) for line in process.text().splitlines() if line.startswith("{"))
    return [line["slot"] for line in lines if line["event"] == "cycle.done" and line["outcome"] == "committed"]


def _pid_of(up: Process, name: str) -> int:
    """The child that runs this module."""
    below = descendants(up.child.pid)
    return next(pid for pid in below if name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))


@pytest.mark.whole
def test_up_from_nothing_to_healthy_and_back_to_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with _up(tmp_path, "--simulate", "30", "--port", str(port)) as up:
        wait_until(lambda: "healthy after" in up.text() or up.child.poll() is not None, "it is healthy")
        assert cli.main(["verify", url]) == 0, capsys.readouterr().out
        status, body = fetch(f"{url}/graphql", json.dumps({"query": QUESTION}).encode())
        answer = json.loads(body)
        assert (status, "errors" in answer) == (200, False)
        assert len(answer["data"]["pnodes"]["nodes"]) == 5
        assert json.loads(fetch(f"{url}/")[1])["system_status"]["network"] == "simulated"
        os.kill(_pid_of(up, "server"), signal.SIGKILL)
        wait_until(lambda: "api        ended unexpectedly (signal SIGKILL)" in up.text(), "the crash is noticed")
        wait_until(lambda: fetch(f"{url}/health/ready")[0] == 200, "the API is back")
        running = descendants(up.child.pid)
        assert len(running) == 5, "stores with valkey, simulator, worker, API"
        assert up.stop() == 0
    assert [pid for pid in running if alive(pid)] == []
    told = up.text()
    assert "the embedded database is for trying things out" in told
    assert told.splitlines()[-2:] == ["stopping ...", "stopped"]
    assert not (tmp_path / "data" / "simulated" / "dial-map.json").exists()


# tests/jobs/stack/test_children.py checks the speed, and the test above the stop of all children.
@pytest.mark.nightly
def test_a_second_signal_kills_what_is_left(tmp_path: Path) -> None:
    port = free_port()
    with _up(tmp_path, "--simulate", "30", "--port", str(port)) as up:
        wait_until(lambda: fetch(f"http://127.0.0.1:{port}/health/live")[0] == 200, "the API is live")
        running = descendants(up.child.pid)
        up.child.send_signal(signal.SIGINT)
        up.child.send_signal(signal.SIGTERM)
        assert up.wait() == 0
    wait_until(lambda: not any(map(alive, running)), "nothing is left")


def test_where_no_seed_answers_it_says_so_and_names_the_setting(tmp_path: Path) -> None:
    with _up(tmp_path, "--port", str(free_port()), IP_NODES=f"127.0.0.1:{free_port()}") as up:
        wait_until(lambda: "the only seed has not answered" in up.text(), "it says so")
        assert "is IP_NODES right" in up.text()
        assert up.stop() == 0


def test_a_port_or_a_folder_that_is_taken_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _up(tmp_path, "--simulate", "--port", str(port)) as up:
            assert up.wait() == 1
    assert up.text().startswith(f"cannot listen on 127.0.0.1:{port}")
    assert len(up.text().splitlines()) == 1


# tests/jobs/test_worker.py (a queue of two workers, a Redis that is killed) and tests/jobs/schedule test its parts.
@pytest.mark.nightly
def test_workers_share_slots_and_poll_on_without_redis(
    tmp_path: Path, simulated: Simulated, mongo_uri: str, db_name: str
) -> None:
    redis_port = free_port()
    environment = _environment(
        **simulated.environment, MONGO_URI=mongo_uri, MONGO_DB=db_name, REDIS_URL=f"redis://127.0.0.1:{redis_port}/0"
    )
    redis = valkey(redis_port, tmp_path / "valkey")
    workers = [_worker(tmp_path, name, environment) for name in ("one", "two")]

    def slots() -> list[int]:
        return sorted(slot for worker in workers for slot in _commits(worker))

    with redis, workers[0], workers[1]:
        wait_until(lambda: connects(redis_port), "valkey listens")
        wait_until(lambda: len(slots()) >= 2, "two slots by way of the queue")
        redis.kill()
        without = time.time()
        wait_until(lambda: slots()[-1] > without, "a slot without the queue")
        redis.start()
        back = time.time()
        wait_until(lambda: slots()[-1] > back, "a slot after the restart")
        assert [worker.stop() for worker in workers] == [0, 0]
    told = "".join(worker.text() for worker in workers)
    assert all(f'"job": "{job}"' in told for job in ("rollup", "retention"))
    assert '"level": "error"' not in told
    committed = slots()
    assert committed == sorted(set(committed)), "each slot once"
