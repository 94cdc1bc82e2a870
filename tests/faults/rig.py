"""A deployment of processes on loopback: a simulated network behind doors, workers and APIs, with slots of 5 s."""

import asyncio
import contextlib
import inspect
import json
import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import aiohttp

from jobs.stack.dial_map import DIAL_MAP_VARIABLE, write_dial_map
from tests.embedded import EmbeddedStores
from tests.faults.doors import Doors
from tests.faults.load import LOAD, TTL
from tests.faults.secrets import leaks, with_password
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY, Process, free_port, module, wait_until

T = TypeVar("T")

NODES = 30
START_SECONDS = PATIENCE_SECONDS
RESPONSE_SECONDS = 10.0
SLOT_SECONDS = 2 * TTL + 3.0
"""The longest wait, on an idle machine, for a cycle that may have to wait for its slot."""

QUIET: dict[str, str] = {"PATH": os.environ["PATH"], "CACHE_TTL": str(TTL), "LOG_FORMAT": "json", "DRAIN_SECONDS": "0"}


async def until(ask: Callable[[], T | None] | Callable[[], Awaitable[T | None]], seconds: float, what: str) -> T:
    """The first result of `ask` that is not falsy. Fails, naming `what`, after what is `seconds` on an idle machine."""
    began = time.monotonic()
    while True:
        asked = ask()
        answer = cast("T | None", await asked if inspect.isawaitable(asked) else asked)
        if answer:
            return answer
        # The load may rise during the wait.
        allowed = LOAD.seconds(seconds)
        assert time.monotonic() - began < allowed, f"not within {allowed:.1f} s: {what}"
        await asyncio.sleep(0.05)


async def slot_start(offset: float = 0.0) -> int:
    """Wait until `offset` seconds into the next slot. Returns that slot."""
    slot = int(time.time() // TTL + 1) * TTL
    await asyncio.sleep(slot + offset - time.time())
    return slot


def _limit(seconds: float | None) -> aiohttp.ClientTimeout:
    """The time limit of a request: by default that of a response on a machine this busy."""
    return aiohttp.ClientTimeout(LOAD.seconds(RESPONSE_SECONDS) if seconds is None else seconds)


class Status(NamedTuple):
    """A response. The status is 0 if nothing responds. `body` is the parsed JSON."""

    status: int
    body: Any


def unavailable(answer: Status) -> bool:
    """Whether this is the refusal of a query that only the store can answer, over REST or GraphQL."""
    if answer.status == 503:
        return True
    errors: list[Any] = answer.body.get("errors", [])
    return bool(errors) and all(error["extensions"]["code"] == "SNAPSHOT_UNAVAILABLE" for error in errors)


class Api:
    """An API process of a deployment. `runner` has the words before its module."""

    def __init__(
        self,
        folder: Path,
        name: str,
        environment: Mapping[str, str],
        session: aiohttp.ClientSession,
        runner: Sequence[str] = (),
        *,
        tree: Path = REPOSITORY,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = (*runner, "server", "--port", str(self.port))
        self.process = module(*command, log=folder / f"{name}.log", env=environment, tree=tree)
        self._session = session

    async def get(self, path: str, *, seconds: float | None = None) -> Status:
        return await self._status(self._session.get(self.url + path, timeout=_limit(seconds)))

    async def post(self, query: str, *, seconds: float | None = None) -> Status:
        return await self._status(
            self._session.post(f"{self.url}/graphql", json={"query": query}, timeout=_limit(seconds))
        )

    async def ask(self, query: str) -> Any:
        """The data of a query that must be answered without an error."""
        status, body = await self.post(query)
        assert status == 200, body
        assert "errors" not in body, body
        return body["data"]

    async def status(self, path: str) -> int:
        return (await self.get(path)).status

    async def metric(self, name: str) -> float:
        """A sample of /metrics by its whole name, labels included. Fails if there is none."""
        async with self._session.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name)

    async def healthy(self) -> bool:
        status, body = await self.get("/health")
        return status == 200 and body["status"] == "healthy"

    async def ready(self) -> bool:
        return await self.status("/health/ready") == 200

    async def slot(self) -> int:
        """The slot in memory; 0 before the first."""
        status, body = await self.post("{ snapshot { slot } }")
        return int(body["data"]["snapshot"]["slot"]) if status == 200 and body.get("data") else 0

    async def newer_than(self, when: float, seconds: float) -> int:
        """The first slot at or after a time that is visible within `seconds`."""

        async def look() -> int:
            slot = await self.slot()
            return slot if slot >= when else 0

        return await until(look, seconds, f"a slot at or after {when:.1f} on {self.url}")

    @staticmethod
    async def _status(request: Any) -> Status:
        try:
            async with request as answer:
                body = await answer.read()
                kind = answer.headers.get("content-type", "")
                return Status(answer.status, json.loads(body) if "json" in kind and body else body)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Status(0, None)


class Rig:
    """The parts of one deployment, as a test combines them. Processes end with the rig.

    `runner` is a module that runs the worker and the API; none by default.
    """

    def __init__(
        self,
        folder: Path,
        doors: Doors,
        session: aiohttp.ClientSession,
        *,
        mongo_uri: str,
        redis_url: str,
        database: str,
    ) -> None:
        self.folder = folder
        self.mongo_uri = mongo_uri
        self.redis_url = with_password(redis_url)
        self.database = database
        self.doors = doors
        self.session = session
        self.runner: tuple[str, ...] = ()
        self._stack = contextlib.ExitStack()
        dial_map = folder / "dial-map.json"
        write_dial_map(dial_map, doors.dial_map)
        self.environment: dict[str, str] = {
            **QUIET,
            "MONGO_URI": mongo_uri,
            "MONGO_DB": database,
            "REDIS_URL": self.redis_url,
            "NETWORK": "simulated",
        }
        self._worker_environment = {"IP_NODES": ",".join(doors.seeds), DIAL_MAP_VARIABLE: str(dial_map)}

    def worker(self, name: str = "worker", *, tree: Path = REPOSITORY, **settings: str) -> Process:
        environment = {**self.environment, **self._worker_environment, **settings}
        command = (*self.runner, "jobs.worker", "--simulated")
        return self._started(module(*command, log=self.folder / f"{name}.log", env=environment, tree=tree))

    def api(self, name: str = "api", *, tree: Path = REPOSITORY, **settings: str) -> Api:
        api = Api(self.folder, name, {**self.environment, **settings}, self.session, self.runner, tree=tree)
        self._started(api.process)
        return api

    async def healthy_api(self, **settings: str) -> Api:
        """An API that has a snapshot. There must be a worker."""
        api = self.api(tree=REPOSITORY, **settings)
        await until(api.healthy, START_SECONDS, "the API is healthy")
        return api

    def _started(self, process: Process) -> Process:
        """Start a process, which the rig ends, however often it is started again."""
        self._stack.callback(process.__exit__)
        return process.start()

    def close(self) -> None:
        self._stack.close()


@contextlib.asynccontextmanager
async def rig(
    folder: Path,
    mongo_uri: str,
    redis_url: str,
    database: str,
    *,
    nodes: int = NODES,
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[Rig]:
    """A rig without workers and APIs, in front of its own network. `environment` is for all its processes."""
    common = {**QUIET, **(environment or {})}
    simulator = module(
        "jobs.simulate", "--nodes", str(nodes), "--faults", "none", log=folder / "simulate.log", env=common
    )
    with simulator:
        line = await asyncio.to_thread(
            wait_until, lambda: simulator.text().partition("\n")[0], "the network announces itself"
        )
        connector = aiohttp.TCPConnector(limit=0)
        async with Doors(json.loads(line)) as doors, aiohttp.ClientSession(connector=connector) as session:
            made = Rig(folder, doors, session, mongo_uri=mongo_uri, redis_url=redis_url, database=database)
            made.environment |= common
            try:
                yield made
            finally:
                made.close()
                assert leaks(folder) == [], "a log repeats the password of a store"
                await asyncio.sleep(0)


class OwnMongo:
    """An embedded MongoDB that a test may kill and start again, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self._stores = EmbeddedStores(folder)
        self._port = free_port()
        self.uri = f"mongodb://127.0.0.1:{self._port}/"

    @property
    def pid(self) -> int:
        return self._stores.child.pid

    @property
    def runs(self) -> bool:
        return self._stores.child.poll() is None

    async def start(self) -> None:
        await asyncio.to_thread(self._stores.start, "--mongo-port", str(self._port))

    async def kill(self) -> None:
        await asyncio.to_thread(self._stores.kill)

    async def ended(self) -> int:
        """The exit status, once the process has ended by itself."""
        return await asyncio.to_thread(self._stores.wait)

    async def __aenter__(self) -> "OwnMongo":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.runs:
            await self.kill()


def events(process: Process, name: str | None = None) -> list[dict[str, Any]]:
    """The events in a process's log, or those of one kind."""
    lines: list[dict[str, Any]] = []
    for line in process.text().splitlines():
        with contextlib.suppress(ValueError):
            found: Any = json.loads(line)
            if isinstance(found, dict):
                lines.append(cast("dict[str, Any]", found))
    return [line for line in lines if name is None or line.get("event") == name]


def commits(*workers: Process) -> list[int]:
    """The slots that workers have committed, according to their logs, in order."""
    done = [line for worker in workers for line in events(worker, "cycle.done")]
    return sorted(line["slot"] for line in done if line["outcome"] == "committed")


def pause(process: Process) -> None:
    process.child.send_signal(signal.SIGSTOP)


def resume(process: Process) -> None:
    process.child.send_signal(signal.SIGCONT)


async def stop(process: Process) -> int:
    """Send SIGTERM, and return the exit status."""
    return await asyncio.to_thread(process.stop)


def memory_kb(pid: int, key: str = "VmRSS") -> int:
    """Resident memory of a process now (VmRSS) or at its peak (VmHWM), in kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no {key}")


def descriptors(pid: int) -> int:
    """How many file descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
