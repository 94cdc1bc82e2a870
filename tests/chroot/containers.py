"""What `docker run` starts of an image, started in its system: the API and the worker, and both in one container.

The stores and the simulated network run outside, on loopback.
"""

import json
import os
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from jobs.stack.dial_map import DIAL_MAP_VARIABLE
from tests.chroot.image import Image
from tests.chroot.root import stopped
from tests.embedded import EmbeddedStores
from tests.processes import Process, descendants, fetch, free_port, module, wait_until

NODES = 30
TTL = "5"
DIAL_MAP = "/etc/pnodes-dial-map.json"
WRITES = "for each in / /app /opt/venv /etc /data; do ! touch $each/new 2>/dev/null || exit 1; done; touch /tmp/new"


def check(image: Image, folder: Path, say: Callable[[str], None]) -> None:
    """Run everything that the image is for. Ends the process with the reason if something fails."""
    with ExitStack() as stack:
        stores = EmbeddedStores(folder / "stores").start()
        stack.callback(stores.kill)
        settings = {"MONGO_URI": stores.mongo_uri, "CACHE_TTL": TTL, "LOG_FORMAT": "json"}
        _two(image, folder, {**settings, "NETWORK": "simulated", "REDIS_URL": stores.redis_url, "MONGO_DB": "two"}, say)
        _one(image, folder, {**settings, "MONGO_DB": "one"}, say)


def _two(image: Image, folder: Path, settings: Mapping[str, str], say: Callable[[str], None]) -> None:
    """The API by the CMD of the image, and the worker by that of compose.yaml."""
    port = free_port()
    env = {**settings, "HOST": "127.0.0.1", "PORT": str(port), "DRAIN_SECONDS": "0"}
    environment = {"PATH": os.environ["PATH"]}
    words = ("jobs.simulate", "--nodes", str(NODES), "--faults", "none")
    with ExitStack() as stack:
        network = stack.enter_context(module(*words, log=folder / "simulate.log", env=environment))
        line = wait_until(lambda: network.text().partition("\n")[0], "the network announces itself")
        announced = json.loads(line)
        place = image.root.path(DIAL_MAP)
        place.write_text(json.dumps(announced["dial_map"]), encoding="utf-8")
        place.chmod(0o644)
        seeds = {"IP_NODES": ",".join(announced["seeds"]), DIAL_MAP_VARIABLE: DIAL_MAP}
        worker_words = ("python", "-m", "jobs.worker", "--simulated")
        worker = stack.enter_context(_container(image, folder / "worker.log", *worker_words, env={**env, **seeds}))
        api = stack.enter_context(_container(image, folder / "api.log", env=env))
        url = f"http://127.0.0.1:{port}"
        health = _healthy(url, api, worker)
        say(f"API and worker: {health['status']}, {_users(api, worker)}")
        _must(image, "sh", "-c", WRITES, env=env)
        say("the root file system is read-only")
        health_check = json.loads(image.recorded["HEALTHCHECK"].partition("CMD ")[2])
        _must(image, *health_check, env=env)
        say("HEALTHCHECK: healthy")
        _must(image, "pnodes", "verify", env=env)
        say("pnodes verify: passed")
        _end(api, worker)
        _must(image, *health_check, env=env, status=1)
        say("stopped with status 0; HEALTHCHECK: unhealthy")


def _one(image: Image, folder: Path, settings: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Everything but MongoDB in one container."""
    port = free_port()
    env = {**settings, "HOST": "127.0.0.1", "PORT": str(port), "DRAIN_SECONDS": "0"}
    words = ("pnodes", "up", "--simulate", str(NODES))
    with _container(image, folder / "up.log", *words, env=env, data=True) as up:
        health = _healthy(f"http://127.0.0.1:{port}", up)
        say(f"pnodes up: {health['status']}, {_users(up)}")
        _end(up)
        say("stopped with status 0")


@contextmanager
def _container(
    image: Image, log: Path, *command: str, env: Mapping[str, str], data: bool = False
) -> Generator[Process]:
    only_writable = ("/tmp", "/data") if data else ("/tmp",)  # noqa: S108  (inside)
    with Process(*image.command(*command, env=env, only_writable=only_writable), log=log) as running:
        yield running


def _healthy(url: str, *running: Process) -> dict[str, object]:
    def look() -> dict[str, object] | None:
        for each in running:
            if each.child.poll() is not None:
                raise SystemExit(f"a container ended with {each.child.returncode}:\n{each.text()[-4_000:]}")
        status, body = fetch(f"{url}/health")
        found: dict[str, object] = json.loads(body) if status == 200 else {}
        return found if found.get("status") == "healthy" else None

    return wait_until(look, f"{url} is healthy")


def _users(*running: Process) -> str:
    """The users of all processes inside, which must not be root."""
    pids = [pid for each in running for pid in descendants(each.child.pid)]
    users = {Path(f"/proc/{pid}").stat().st_uid for pid in pids}
    if not pids or 0 in users:
        raise SystemExit(f"processes of root are inside: {users}")
    return f"{len(pids)} processes as user {', '.join(map(str, sorted(users)))}"


def _must(image: Image, *command: str, env: Mapping[str, str], status: int = 0) -> None:
    log = image.root.folder.with_suffix(".exec.log")
    log.unlink(missing_ok=True)
    with _container(image, log, *command, env=env) as running:
        found = running.wait()
    if found != status:
        raise SystemExit(f"{' '.join(command)}: status {found}, expected {status}:\n{running.text()[-4_000:]}")


def _end(*running: Process) -> None:
    for each in running:
        status = stopped(each, signal.SIGTERM)
        if status:
            raise SystemExit(f"{each.command[-1]}: status {status} after SIGTERM:\n{each.text()[-4_000:]}")
