"""`python -m tests.suite.importing [ROOT]`: import every module of our packages, and print the side effects of each.

One JSON object for each module: `{"module": NAME, "did": [[WHAT, DETAIL], …]}`. ROOT is the folder with the packages.

Libraries are imported first, so that their own side effects do not count. Reads of source files and of their compiled
forms do not count either.
"""

import ast
import gc
import importlib
import json
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGES = ("schema", "server", "jobs")
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
CODE = (".py", ".pyc", ".so")
START = threading.Thread.start
# The effects of these events: reading or writing files, opening sockets, starting processes, handling signals.
EVENTS = ("open", "os.", "shutil.", "tempfile.", "socket.", "subprocess.", "signal.", "sqlite3.", "urllib.")
# The effects of `import` itself.
OF_IMPORTING = {"os.listdir", "os.scandir"}


class Watch:
    """Records events while it is `on`."""

    def __init__(self) -> None:
        self.on = False
        self.found: list[tuple[str, str]] = []

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or not event.startswith(EVENTS) or event in OF_IMPORTING:
            return
        if event == "open" and (
            isinstance(arguments[0], int) or str(arguments[0]).endswith(CODE) or ".pyc." in str(arguments[0])
        ):
            return
        self.found.append((event, repr(arguments[:1])))

    def thread(self, thread: threading.Thread) -> None:
        if self.on:
            self.found.append(("thread", repr(thread)))
        START(thread)

    def environment(self, name: object) -> None:
        if self.on and _asked_by_us():
            self.found.append(("environment", repr(name)))


class Environment(os._Environ):  # type: ignore[type-arg]  (generic for type checkers only)
    """The environment, with a record of the names that are read."""

    watch: Watch

    def __getitem__(self, key: str) -> str:
        self.watch.environment(key)
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        self.watch.environment("all of it")
        return super().__iter__()

    def __contains__(self, key: object) -> bool:
        self.watch.environment(key)
        return super().__contains__(key)


def _asked_by_us() -> bool:
    """Whether the nearest caller outside the standard library is our module. Libraries may read their own settings."""
    frame = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGES:
            return True
        if "site-packages" in path.parts:
            return False
        frame = frame.f_back
    return False


def names() -> Iterator[str]:
    """All modules of our packages, found without importing them."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):  # each package before what is in it
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_libraries() -> None:
    """All modules that our modules import from elsewhere, at any place."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found = [each.name for each in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    found = [node.module]
                for name in found:
                    if name.split(".")[0] not in PACKAGES:
                        importlib.import_module(name)


def state() -> dict[str, str]:
    """The state of the whole process, which an import must not change."""
    root = logging.getLogger()
    loggers = [each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    structlog = importlib.import_module("structlog")
    return {
        "log handlers": repr(root.handlers) + repr([each.handlers for each in loggers if each.handlers]),
        "log levels": repr(root.level) + repr([each.name for each in loggers if each.level or each.disabled]),
        "structlog": repr(structlog.is_configured()),
        "threads": repr(threading.enumerate()),
        "signals": repr([signal.getsignal(each) for each in signal.valid_signals()]),
        "garbage collector": repr((gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())),
        "warnings": repr(warnings.filters),
        "hooks": repr((sys.excepthook, sys.displayhook, threading.excepthook, sys.meta_path, sys.path_hooks)),
        "path": repr(sys.path),
        "folder": str(Path.cwd()),
        "recursion": repr(sys.getrecursionlimit()),
        "environment": repr(sorted(os.environ._data.items())),  # type: ignore[attr-defined]  (read without being recorded)
    }


def main() -> None:
    sys.path.insert(0, str(ROOT))
    import_libraries()
    watch = Watch()
    Environment.watch = watch
    os.environ.__class__ = Environment

    def start(thread: threading.Thread) -> None:
        watch.thread(thread)

    threading.Thread.start = start  # type: ignore[method-assign]
    sys.addaudithook(watch.audit)
    for name in names():
        before = state()
        watch.on = True
        importlib.import_module(name)
        watch.on = False
        after = state()
        found = [*watch.found, *((what, after[what]) for what in before if before[what] != after[what])]
        watch.found.clear()
        print(json.dumps({"module": name, "did": found}))  # noqa: T201  (the report)


if __name__ == "__main__":
    main()
