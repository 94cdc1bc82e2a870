"""Importing a module does nothing: no file, socket, thread, process or log configuration, and no environment read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

PACKAGES = ("schema", "server", "jobs")


def imported(*root: str) -> dict[str, list[list[str]]]:
    """The side effects of importing each module."""
    command = [sys.executable, "-m", "tests.suite.importing", *root]
    environ = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=True)
    return {line["module"]: line["did"] for line in map(json.loads, ran.stdout.splitlines())}


def test_importing_any_module_does_nothing() -> None:
    did = imported()
    files = [path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")]
    assert len(did) == len(files)
    assert {module: found for module, found in did.items() if found} == {}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("open('settings.txt', 'w')", "open"),
        ("from pathlib import Path; Path('pyproject.toml').read_text()", "open"),
        ("import os; os.mkdir('made')", "os.mkdir"),
        ("import socket; socket.socket()", "socket.__new__"),
        ("import asyncio; asyncio.new_event_loop()", "socket.__new__"),
        ("import threading; threading.Thread(target=dict).start()", "thread"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; PORT = os.environ.get('PORT')", "environment"),
        ("import os; PORT = os.getenv('PORT')", "environment"),
        ("import os; ALL = dict(os.environ)", "environment"),
        ("import os; os.environ['PORT'] = '1'", "environment"),
        ("import logging; logging.basicConfig()", "log handlers"),
        ("import logging; logging.getLogger('x').setLevel('DEBUG')", "log levels"),
        ("import structlog; structlog.configure()", "structlog"),
        ("import gc; gc.disable()", "garbage collector"),
        ("import signal; signal.signal(signal.SIGUSR1, print)", "signals"),
        ("import warnings; warnings.simplefilter('ignore')", "warnings"),
        ("import sys; sys.path.append('x')", "path"),
    ],
)
def test_what_a_module_does_when_it_is_imported_is_found(tmp_path: Path, line: str, what: str) -> None:
    package = tmp_path / "jobs"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "odd.py").write_text(f"import os\nos.chdir({str(tmp_path)!r})\n{line}\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    did = imported(str(tmp_path))
    assert did["jobs"] == []
    assert what in [found[0] for found in did["jobs.odd"]]
