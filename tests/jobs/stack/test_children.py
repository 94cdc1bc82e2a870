"""Child processes: start, log lines, restart and end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jobs.stack import children
from jobs.stack.children import BoundedLog, Child, GaveUp, Program
from server.process.supervisor import end
from tests.patience import patience
from tests.processes import wait_until

PATIENT = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0));"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[Mapping[str, Any]] = []
        self.restarts = 0

    def say(self, who: str, what: str) -> None:
        self.lines.append(f"{who}: {what}")

    def restarted(self, _: Mapping[str, Any]) -> None:
        self.restarts += 1


@pytest.fixture
def told() -> Told:
    return Told()


def _child(told: Told, folder: Path, code: str, *, announcing: bool = False, stop_seconds: float = 10) -> Child:
    program = Program("thing", (sys.executable, "-c", code), dict(os.environ), announcing, stop_seconds)
    return Child(program, folder, told.say, heard=told.events.append, on_restart=told.restarted)


async def _until(ask: Any, what: str) -> None:
    await asyncio.to_thread(wait_until, ask, what)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.stack
async def test_an_announcement_is_returned_and_a_log_line_heard(told: Told, tmp_path: Path) -> None:
    code = (
        PATIENT + 'print(\'{"port": 7}\', flush=True); sys.stderr.write(\'{"event": "x"}\\nplain\\n\'); time.sleep(60)'
    )
    child = _child(told, tmp_path, code, announcing=True)
    assert await child.start() == {"port": 7}
    await _until(lambda: told.events, "the event is heard")
    await child.stop(asyncio.Event())
    assert told.events == [{"event": "x"}]
    assert (tmp_path / "thing.log").read_text().splitlines() == ['{"event": "x"}', "plain"]
    assert child.pid is None
    assert told.lines == []


@pytest.mark.stack
async def test_a_program_that_cannot_start_says_why(told: Told, tmp_path: Path) -> None:
    child = _child(told, tmp_path, "import sys; sys.exit('no such folder')", announcing=True)
    with pytest.raises(GaveUp, match=r"thing did not start:\n  no such folder"):
        await child.start()
    await child.stop(asyncio.Event())


@pytest.mark.stack
async def test_a_crashed_program_is_started_again(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_SECONDS", 0.01)
    child = _child(told, tmp_path, PATIENT + "time.sleep(60)")
    await child.start()
    keeping = asyncio.create_task(child.keep_running())
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await _until(lambda: told.restarts, "a restart")
    assert child.pid not in {None, first}
    assert "thing: ended unexpectedly (signal SIGKILL); starting it again in 0.01 s" in told.lines
    await end(keeping)
    await child.stop(asyncio.Event())


@pytest.mark.stack
async def test_a_program_that_refuses_its_settings_is_not_started_again(told: Told, tmp_path: Path) -> None:
    child = _child(told, tmp_path, "import sys; sys.stderr.write('CACHE_TTL=1: expected more\\n'); sys.exit(2)")
    await child.start()
    with pytest.raises(GaveUp, match="exit status 2"):
        async with patience():
            await child.keep_running()
    await child.stop(asyncio.Event())


@pytest.mark.stack
async def test_a_restart_says_why_and_where_the_log_is(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_SECONDS", 0.01)
    child = _child(told, tmp_path, "import sys; sys.exit('the disk is gone: mongodb://u:hunter2@h')")
    await child.start()
    keeping = asyncio.create_task(child.keep_running())
    await _until(lambda: len(told.lines) >= 2, "it is said")
    await end(keeping)
    await child.stop(asyncio.Event())
    assert told.lines[:2] == [
        "thing: ended unexpectedly (exit status 1); starting it again in 0.01 s",
        f": it said: the disk is gone: mongodb://u:***@h; its log is {tmp_path / 'thing.log'}",
    ]


@pytest.mark.stack
@pytest.mark.parametrize("announcing", [False, True])
async def test_a_program_that_ends_again_and_again_is_given_up(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, announcing: bool
) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(children, "MAX_BACKOFF_SECONDS", 0.01)
    ran = tmp_path / "ran"
    announce = "print('{}', flush=True);" if announcing else ""
    code = f"import sys; f = open({str(ran)!r}, 'a'); f.write('x'); f.close(); {announce} sys.exit('no room')"
    child = _child(told, tmp_path, code, announcing=announcing)
    await child.start()
    with pytest.raises(GaveUp, match=f"thing ended {children.MAX_QUICK_ENDS} times soon after its start") as gave_up:
        await child.keep_running()
    assert len(ran.read_text()) == children.MAX_QUICK_ENDS
    assert "no room" in str(gave_up.value)
    assert str(tmp_path / "thing.log") in str(gave_up.value)
    await child.stop(asyncio.Event())


@pytest.mark.stack
async def test_a_restart_that_fails_is_tried_again(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_SECONDS", 0.01)
    ran = tmp_path / "ran"
    code = (
        f"import os, sys, time; n = os.path.getsize({str(ran)!r}); f = open({str(ran)!r}, 'a'); f.write('x'); f.close();"
        "n == 1 and sys.exit('the port is still taken'); print('{}', flush=True); n == 0 and sys.exit(1); time.sleep(60)"
    )
    ran.write_text("")
    child = _child(told, tmp_path, code, announcing=True)
    await child.start()
    keeping = asyncio.create_task(child.keep_running())
    await _until(lambda: told.restarts == 1, "the third start goes well")
    assert any("the port is still taken" in line for line in told.lines)
    await end(keeping)
    await child.stop(asyncio.Event())


@pytest.mark.stack
async def test_a_program_that_is_killed_from_outside_is_never_given_up(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(children, "MAX_BACKOFF_SECONDS", 0.01)
    child = _child(told, tmp_path, "import os; os.kill(os.getpid(), 9)")
    await child.start()
    keeping = asyncio.create_task(child.keep_running())
    await _until(lambda: told.restarts > children.MAX_QUICK_ENDS, "it is started again and again")
    assert not keeping.done()
    await end(keeping)
    await child.stop(asyncio.Event())


@pytest.mark.stack
async def test_a_kick_starts_it_anew_without_a_word(told: Told, tmp_path: Path) -> None:
    code = PATIENT + 'print(\'{"event": "up"}\', flush=True); time.sleep(60)'
    child = _child(told, tmp_path, code)
    await child.start()
    keeping = asyncio.create_task(child.keep_running())
    await _until(lambda: len(told.events) == 1, "it is up")
    child.kick()
    await _until(lambda: len(told.events) == 2, "it is up again")
    assert told.lines == []
    await end(keeping)
    await child.stop(asyncio.Event())


@pytest.mark.stack
@pytest.mark.parametrize("hurried", [True, False])
async def test_what_does_not_stop_is_killed_with_all_that_it_started(told: Told, tmp_path: Path, hurried: bool) -> None:
    grandchild = (
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {STUBBORN!r} + 'time.sleep(60)']);"
    )
    code = STUBBORN + grandchild + "print('{\"pid\": %d}' % p.pid, flush=True); time.sleep(60)"
    child = _child(told, tmp_path, code, announcing=True, stop_seconds=60 if hurried else 0.3)
    pid = int((await child.start())["pid"])
    hurry = asyncio.Event()
    if hurried:
        hurry.set()
    await child.stop(hurry)
    await _until(lambda: not _alive(pid), "the grandchild is gone")
    assert told.lines == ["thing: did not stop in time and was killed"]


@pytest.mark.stack
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    parent = f"""
import asyncio, os, sys
from pathlib import Path
from jobs.stack.children import Child, Program
async def main():
    program = Program("thing", (sys.executable, "-c", "import time; time.sleep(60)"), dict(os.environ))
    child = Child(program, Path({str(tmp_path)!r}), print)
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    with subprocess.Popen((sys.executable, "-c", parent), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert _alive(pid)
        process.kill()
    wait_until(lambda: not _alive(pid), "the child is gone")


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "MAX_LOG_BYTES", 1_000)
    log = BoundedLog(tmp_path / "logs" / "x.log")
    for number in range(100):
        log.write(b"%050d\n" % number)
    log.close()
    kept = sorted(tmp_path.glob("logs/*"))
    assert [place.name for place in kept] == ["x.log", "x.log.1"]
    assert all(place.stat().st_size <= 1_100 for place in kept)
    assert log.last[-1] == f"{99:050d}"
