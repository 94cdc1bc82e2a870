"""`pnodes up`: stores, worker and API as one supervised command that leaves nothing running."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import aiohttp

from jobs.commands.invocation import invocation
from jobs.commands.verify import local_url
from jobs.cycle.seeds import review_of
from jobs.stack import plan as plans
from jobs.stack.children import Child, GaveUp, Program
from jobs.stack.dial_map import write_dial_map
from jobs.stack.folder import InUse, forget_stores, hold_folder, note_stores
from jobs.stack.log_lines import LOUD, short
from jobs.stack.plan import Wish, plan_of
from schema.domain.words import agreeing, counted
from server.process.masking import mask_credentials
from server.process.refusals import refusal_of
from server.process.supervisor import end, owned
from server.settings import Settings
from server.transport.listener import listen

ASK_SECONDS = 0.25
ANSWER_SECONDS = 2.0
PATIENCE_SECONDS = 20.0
# This command has already reported on the seeds before it starts a worker, so the worker's messages are not repeated.
SAID_ALREADY = frozenset({"seed.remark"})
TRY_IT = (
    "the embedded database is for trying things out, not for data that must be kept;",
    "to use your own servers, set MONGO_URI and REDIS_URL (docs/deploy.md)",
)


class Stack:
    """One run of everything. `write` prints a line for the user."""

    def __init__(self, wish: Wish, settings: Settings, write: Callable[[str], None]) -> None:
        self._wish = wish
        self._settings = settings
        self._plan = plan_of(wish, settings)
        self._write = write
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._seeds_answer: bool | None = None

    async def run(self) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP. A second signal kills the remaining children.

        Returns 0 after a clean stop, 1 if it cannot run. Raises BadSettings.
        """
        stop, hurry = asyncio.Event(), asyncio.Event()
        _on_signals(stop, hurry)
        remarks = review_of(self._settings).remarks
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stopping = owned(stop.wait(), name="stop")
        lock: IO[str] | None = None
        try:
            check_port(self._settings.host, self._plan.port)
            lock = take_folder(self._plan.folder)
            self._guard(broken, self._bring_up(broken, remarks))
            await asyncio.wait([stopping, broken], return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                broken.result()
        except (GaveUp, InUse) as error:
            self._write(str(error))
            return 1
        except OSError as error:
            if error.filename is None:
                raise
            self._write(str(unusable(self._plan.folder, error)))
            return 1
        finally:
            await end(stopping, *self._tasks)
            await self._stop(hurry)
            if lock is not None:
                with contextlib.suppress(OSError):
                    forget_stores(self._plan.folder)
                with contextlib.suppress(OSError):
                    self._plan.dial_map.unlink(missing_ok=True)
                lock.close()
        return 0

    def _guard(self, broken: "asyncio.Future[None]", work: Coroutine[Any, Any, None]) -> None:
        """Run part of the work in a task. An exception in it ends the run."""

        def note(task: "asyncio.Task[None]") -> None:
            if not task.cancelled() and (error := task.exception()) and not broken.done():
                broken.set_exception(error)

        task = owned(work, name="stack")
        task.add_done_callback(note)
        self._tasks.append(task)

    async def _bring_up(self, broken: "asyncio.Future[None]", remarks: Iterable[str]) -> None:
        """Start everything in order, and report when the API is ready."""
        started = time.monotonic()
        plan, settings = self._plan, self._settings
        self._write(f"network {plan.network}, data in {plan.folder}")
        for remark in () if plan.invented else remarks:
            self._say("IP_NODES", remark)
        environ = dict(os.environ)
        at: Mapping[str, Any] = await self._start_stores(broken, environ) if plan.embedded else {}
        seeds = await self._start_simulator(broken, environ) if plan.invented else settings.ip_nodes
        shared = plans.shared_environment(plan, settings, environ, stores_at=at, seeds=seeds)
        await self._start(broken, plans.worker(plan, settings, shared))
        self._say(plans.WORKER, f"polls {counted(len(seeds), 'seed')} every {settings.cache_ttl} s")
        await self._start(broken, plans.api(plan, settings, shared))
        self._say(plans.API, f"starting on {self._url}")
        await self._tell_when_healthy(started)

    async def _start_stores(self, broken: "asyncio.Future[None]", environ: Mapping[str, str]) -> Mapping[str, Any]:
        child, at = await self._start(broken, plans.stores(self._plan, environ))
        note_stores(self._plan.folder, at)
        mongo, redis = (_port(at[name]) if name in at else 0 for name in ("mongo_uri", "redis_url"))
        # The other children have been given these ports, so a restart must reuse them.
        child.program = plans.stores(self._plan, environ, (mongo, redis))
        settings = self._settings
        own = [
            f"MongoDB-compatible SecantusDB on 127.0.0.1:{mongo}" if settings.mongo_uri is None else "your MONGO_URI",
            f"Valkey on 127.0.0.1:{redis}" if settings.redis_url is None else "your REDIS_URL",
        ]
        self._say(plans.STORES, ", ".join(own))
        if settings.mongo_uri is None:
            for line in TRY_IT:
                self._say("", line)
        return at

    async def _start_simulator(self, broken: "asyncio.Future[None]", environ: Mapping[str, str]) -> tuple[str, ...]:
        def moved(at: Mapping[str, Any]) -> None:
            write_dial_map(self._plan.dial_map, at["dial_map"])
            for child in self._children:
                if child.program.name == plans.WORKER:
                    child.kick()

        program = plans.simulator(self._wish, self._settings, environ)
        _, at = await self._start(broken, program, on_restart=moved)
        write_dial_map(self._plan.dial_map, at["dial_map"])
        seeds = tuple(str(seed) for seed in at["seeds"])
        what = (
            counted(self._wish.simulate, "node") if self._wish.replay is None else f"the lists in {self._wish.replay}"
        )
        self._say(plans.SIMULATOR, f"{what} behind {counted(len(seeds), 'seed')}, all on loopback")
        return seeds

    async def _start(
        self,
        broken: "asyncio.Future[None]",
        program: Program,
        *,
        on_restart: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> tuple[Child, Mapping[str, Any]]:
        child = Child(program, self._plan.logs, self._say, heard=self._heard(program.name), on_restart=on_restart)
        self._children.append(child)
        announced = await child.start()
        self._guard(broken, child.keep_running())
        return child, announced

    async def _tell_when_healthy(self, started: float) -> None:
        """Wait for the first fresh snapshot, and print where to see it. Warns once if that takes long."""
        complained = False
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while (health := await _ask(session, f"{self._url}/health")).get("status") != "healthy":
                waited = time.monotonic() - started
                if not complained and waited > PATIENCE_SECONDS + self._settings.cache_ttl:
                    complained = True
                    reason = health.get("reason") or health.get("message") or "the API does not answer"
                    self._say("", f"still waiting after {waited:.0f} s: {reason}; logs are in {self._plan.logs}")
                await asyncio.sleep(ASK_SECONDS)
        self._say(
            "ready", f"{counted(health.get('total_pnodes'), 'node')}, healthy after {time.monotonic() - started:.1f} s"
        )
        for name, path in (("GraphQL", "/graphql"), ("REST", "/"), ("health", "/health"), ("metrics", "/metrics")):
            self._say("", f"{name:<8} {self._url}{path}")
        self._say("", f"check it with: {invocation()} verify {self._url}")
        self._say("", "Ctrl-C stops everything")

    def _heard(self, name: str) -> Callable[[Mapping[str, Any]], None]:
        """Handle a line of a child's log: show important lines, and report whether seeds answer."""

        def hear(line: Mapping[str, Any]) -> None:
            if line.get("event") == "cycle.done":
                self._note_seeds(int(line.get("seeds_ok", 0)), int(line.get("seeds", 0)))
            elif line.get("level") in LOUD and line.get("event") not in SAID_ALREADY:
                self._say(name, short(line))

        return hear

    def _note_seeds(self, answered: int, asked: int) -> None:
        answer = answered > 0
        if answer is self._seeds_answer:
            return
        if not answer:
            nobody = "the only seed has not" if asked == 1 else f"none of the {counted(asked, 'seed')}"
            self._say(plans.WORKER, f"{nobody} answered: no node changes until one does")
            self._say(
                "", f"is IP_NODES right, and may this machine reach them?  {invocation()} probe HOST asks one of them"
            )
        elif self._seeds_answer is False:
            self._say(
                plans.WORKER, f"{answered} of {counted(asked, 'seed')} {agreeing(answered, 'answers', 'answer')} again"
            )
        self._seeds_answer = answer

    async def _stop(self, hurry: asyncio.Event) -> None:
        """End all children, starting with those that use the others."""
        running = [child for child in reversed(self._children) if child.pid is not None]
        if running:
            self._write("stopping ...")
        for child in reversed(self._children):
            await child.stop(hurry)
        if running:
            self._write("stopped")

    def _say(self, who: str, what: str) -> None:
        self._write(f"  {who:<10} {what}")

    @property
    def _url(self) -> str:
        return local_url(self._settings.host, self._plan.port)


def check_port(host: str, port: int) -> None:
    """Raises GaveUp if the API could not listen on this address."""
    try:
        listen(host, port).close()
    except OSError as error:
        raise GaveUp(
            f"cannot listen on {host}:{port}: {refusal_of(error)}; choose another with --port, HOST or PORT"
        ) from error


def take_folder(folder: Path) -> IO[str]:
    """Hold the folder until the file is closed. Raises InUse, or GaveUp if it cannot be created or written to."""
    try:
        return hold_folder(folder)
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> GaveUp:
    """The message for a data folder in which something cannot be created, read or written."""
    at = f" ({error.filename})" if error.filename not in {None, str(folder)} else ""
    return GaveUp(f"cannot use the folder {folder}: {error.strerror}{at}; choose another with --data-dir or DATA_DIR")


def _on_signals(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    def asked() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked)


async def _ask(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    """The body of a response, whatever its status. Empty if there is none."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
        async with session.get(url) as answer:
            return await answer.json()
    return {}


def _port(uri: str) -> int:
    port = urlsplit(uri).port
    if port is None:
        raise GaveUp(f"the stores announced {mask_credentials(uri)}: expected a port in it")
    return port
