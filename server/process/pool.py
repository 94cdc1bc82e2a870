"""Identical child processes that are kept running and stopped together."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence

import structlog

from schema.domain.words import counted
from server.process.leaving import Leaving
from server.process.parent import ended_with_parent
from server.process.statuses import BAD_USAGE, FAILED
from server.process.supervisor import Supervisor, owned

KILL_SECONDS = 5.0
MARGIN_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Pool:
    """`count` children. Child `n` (from 1) runs `command(n)`.

    Each child inherits the file descriptors `pass_fds` and has its own session, so that Ctrl-C reaches only this
    process. A child that ends is restarted after a growing pause. `stop_seconds` is how long the children may take to
    stop.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        count: int,
        *,
        pass_fds: Sequence[int],
        stop_seconds: float,
        leaving: Leaving | None = None,
    ) -> None:
        self._command = command
        self._count = count
        self._pass_fds = tuple(pass_fds)
        self._stop_seconds = stop_seconds
        self._leaving = leaving or Leaving(stop_seconds + KILL_SECONDS, margin_seconds=MARGIN_SECONDS)
        self._stop = asyncio.Event()
        self._running: set[Process] = set()
        self._unusable = False

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT. A second signal is passed on, so that the children stop without waiting.

        Returns the exit status: 0 after a stop, 1 if a child ends repeatedly, 2 if a child cannot use its settings or
        its store.
        """
        self._leaving.on_signals(self._on_signal)
        supervisor = Supervisor(self._stop, on_give_up=lambda _: self._stop.set())
        for number in range(1, self._count + 1):
            supervisor.keep(f"api {number}", lambda number=number: self._child(number))
        await self._stop.wait()
        self._leaving.begin()
        await self._stopped()
        await supervisor.close()
        if self._unusable:
            return BAD_USAGE
        return 0 if supervisor.reason is None else FAILED

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._terminate()
        self._stop.set()

    async def _child(self, number: int) -> None:
        """Run one child until it ends."""
        process = await asyncio.create_subprocess_exec(
            *self._command(number),
            pass_fds=self._pass_fds,
            start_new_session=True,
            preexec_fn=ended_with_parent(),
        )
        self._running.add(process)
        if self._stop.is_set():
            process.terminate()
        try:
            status = await process.wait()
        finally:
            self._running.discard(process)
        if status == BAD_USAGE:
            self._unusable = True
            self._stop.set()
        elif not self._stop.is_set():
            log.error("process.ended", number=number, pid=process.pid, status=status)

    def _terminate(self) -> None:
        for process in self._running:
            process.terminate()

    async def _stopped(self) -> None:
        """Ask all children to stop, and kill those that take too long."""
        self._terminate()
        for seconds in (self._stop_seconds, KILL_SECONDS):
            waits = [owned(process.wait(), name="wait for a process") for process in self._running]
            if not waits:
                return
            _, late = await asyncio.wait(waits, timeout=seconds)
            if not late:
                return
            log.error("process.killed", late=counted(len(late), "process", "processes"), after_seconds=seconds)
            for process in self._running:
                process.kill()
