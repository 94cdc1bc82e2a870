"""Supervised child processes: each in its own session, with a bounded log, and always ended at the end.

Its own session keeps Ctrl-C from reaching the stores before the processes that use them. If this process is killed, the
kernel signals its children (Linux), and children that read stdin see its end.
"""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from jobs.stack.log_lines import last_words
from schema.domain.base import backoff
from server.process.masking import mask_credentials
from server.process.parent import ended_with_parent
from server.process.statuses import BAD_USAGE
from server.process.supervisor import end, owned, watched

START_SECONDS = 60.0
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 10.0
STEADY_SECONDS = 30.0
MAX_QUICK_ENDS = 8
MAX_LOG_BYTES = 5 * 2**20
MAX_LINE_BYTES = 2**24
REMEMBERED_LINES = 20
LAST_WORDS_SECONDS = 1.0

Say = Callable[[str, str], None]
"""Show a message about a child to the user: its name, and a sentence."""


class Program(NamedTuple):
    """The program of a child.

    An `announcing` program prints a JSON object with its addresses as its first line on stdout, and stops at the end of
    stdin. `stop_seconds` is how long it may take to stop by itself.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    announcing: bool = False
    stop_seconds: float = 15.0


class GaveUp(Exception):
    """A child that cannot run here. The message is for people."""


class BoundedLog:
    """A log file that is rotated when it is full; two files are kept."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file = place.open("ab")
        self.last = deque[str](maxlen=REMEMBERED_LINES)

    def write(self, line: bytes) -> None:
        self.last.append(line.decode("utf-8", "replace").rstrip())
        # A full disk must not end the logged process.
        with contextlib.suppress(OSError):
            self._file.write(line)
            self._file.flush()
            if self._file.tell() > MAX_LOG_BYTES:
                self._file.close()
                self.place.replace(self.place.with_suffix(".log.1"))
                self._file = self.place.open("ab")

    def close(self) -> None:
        self._file.close()


class Child:
    """One program. `heard` is called with each line of its log that is a JSON object."""

    def __init__(
        self,
        program: Program,
        logs: Path,
        say: Say,
        *,
        heard: Callable[[Mapping[str, Any]], None] = lambda _: None,
        on_restart: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> None:
        self.program = program
        self._say = say
        self._heard = heard
        self._on_restart = on_restart
        self._log = BoundedLog(logs / f"{program.name}.log")
        self._process: asyncio.subprocess.Process | None = None
        self._readers: set[asyncio.Task[None]] = set()
        self._kicked = False

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process is not None else None

    async def start(self) -> Mapping[str, Any]:
        """Start the program, and return its announcement (empty unless it announces). Raises GaveUp."""
        program = self.program
        piped = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            *program.command,
            env=dict(program.env),
            stdin=piped if program.announcing else asyncio.subprocess.DEVNULL,
            stdout=piped,
            stderr=piped,
            limit=MAX_LINE_BYTES,
            start_new_session=True,
            preexec_fn=ended_with_parent(),
        )
        self._read(process.stderr)
        announced: Mapping[str, Any] = await self._announcement(process) if program.announcing else {}
        self._read(process.stdout)
        return announced

    async def keep_running(self) -> None:
        """Restart the program whenever it ends, until cancelled.

        Raises GaveUp if the program exits with the status that it cannot run, or ends `MAX_QUICK_ENDS` times in a row
        soon after its start, because restarts do not help then.
        """
        ends, quick = 0, 0
        loop = asyncio.get_running_loop()
        since = loop.time()
        while self._process is not None:
            code = await self._process.wait()
            await self._hear_out()
            if code == BAD_USAGE:
                raise GaveUp(self._complaint(f"cannot run ({_how(code)})"))
            kicked, self._kicked = self._kicked, False
            if not kicked:
                if loop.time() - since >= STEADY_SECONDS:
                    ends, quick = 0, 0
                # A signal comes from outside, and is no sign of an error in the program.
                quick += code >= 0
                if quick >= MAX_QUICK_ENDS:
                    raise GaveUp(self._complaint(f"ended {quick} times soon after its start; giving up"))
                ends += 1
                pause = backoff(ends, first=FIRST_BACKOFF_SECONDS, longest=MAX_BACKOFF_SECONDS)
                self._tell_of_end(code, pause)
                await asyncio.sleep(pause)
            since = loop.time()
            announced = await self._started_again()
            if announced is not None and not kicked:
                self._on_restart(announced)

    def _tell_of_end(self, code: int, pause: float) -> None:
        self._say(self.program.name, f"ended unexpectedly ({_how(code)}); starting it again in {pause:g} s")
        why = last_words(self._log.last)
        self._say("", f"{f'it said: {why}; ' if why else ''}its log is {self._log.place}")

    async def _started_again(self) -> Mapping[str, Any] | None:
        """The program's announcement. None if it made none; it is then ended, and that counts like any other end."""
        try:
            return await self.start()
        except GaveUp:
            await self._kill()
            return None

    async def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ask the program to stop, and kill it if it takes too long or there is a hurry."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            waiting = owned(process.wait(), name="wait for a child")
            hurrying = owned(hurry.wait(), name="hurry")
            await asyncio.wait(
                [waiting, hurrying], timeout=self.program.stop_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            await end(hurrying)
            if not waiting.done():
                self._say(self.program.name, "did not stop in time and was killed")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            await waiting
        await self._hear_out()
        await end(*self._readers)
        self._log.close()

    def kick(self) -> None:
        """Make `keep_running` restart the program, because something that it reads at its start has changed."""
        if self._process is not None and self._process.returncode is None:
            self._kicked = True
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def _announcement(self, process: asyncio.subprocess.Process) -> Mapping[str, Any]:
        line = b""
        if process.stdout is not None:
            with contextlib.suppress(TimeoutError, ValueError):
                async with asyncio.timeout(START_SECONDS):
                    line = await process.stdout.readline()
        try:
            return cast("dict[str, Any]", orjson.loads(line))
        except orjson.JSONDecodeError:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await process.wait()
            await self._hear_out()
            raise GaveUp(self._complaint("did not start")) from None

    async def _hear_out(self) -> None:
        """Wait for the last lines of a program that has ended. Its own children may keep the pipes open."""
        if self._readers:
            await asyncio.wait(self._readers, timeout=LAST_WORDS_SECONDS)

    def _complaint(self, what: str) -> str:
        told = "\n".join(f"  {mask_credentials(line)}" for line in list(self._log.last)[-5:])
        where = f"its log is {self._log.place}"
        return f"{self.program.name} {what}:\n{told}\n{where}" if told else f"{self.program.name} {what}; {where}"

    def _read(self, stream: asyncio.StreamReader | None) -> None:
        if stream is not None:
            task = watched(self._copy(stream), name="copy a log")
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)

    async def _copy(self, stream: asyncio.StreamReader) -> None:
        """Write every line to the log, and pass events to the listener."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than any line of ours; the rest follows
                continue
            if not line:
                return
            self._log.write(line)
            if line.startswith(b"{"):
                with contextlib.suppress(orjson.JSONDecodeError):
                    self._heard(cast("dict[str, Any]", orjson.loads(line)))


def _how(code: int) -> str:
    """How a process ended, from its return code."""
    return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
