"""The commands that start the server: set and empty variables reach the process."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

EVERYWHERE = "0.0.0.0"  # noqa: S104  (a text to compare with; nothing listens)


def _image_command() -> str:
    lines = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    shell, option, command = json.loads(lines[-1].removeprefix("CMD "))
    assert (shell, option) == ("sh", "-c")
    return str(command)


def _web_command() -> str:
    first = (REPOSITORY / "Procfile").read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("web: ")


@pytest.mark.parametrize(("host", "listens"), [(None, EVERYWHERE), ("", EVERYWHERE), ("127.0.0.1", "127.0.0.1")])
@pytest.mark.parametrize("command", [_image_command(), _web_command()], ids=["image", "Procfile"])
def test_an_empty_host_means_all_addresses(command: str, host: str | None, listens: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | ({} if host is None else {"HOST": host})
    ran = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["-m", "server", "--host", listens]


@pytest.mark.skipif(shutil.which("make") is None, reason="looks at what make would run")
@pytest.mark.parametrize("target", ["demo", "run"])
@pytest.mark.parametrize(
    ("given", "variables", "options"),
    [
        ([], {}, []),
        ([], {"PORT": ""}, []),
        ([], {"PORT": "9001"}, ["--port", "9001"]),
        (["PORT=9002"], {"PORT": "9001"}, ["--port", "9002"]),
    ],
)
def test_make_leaves_the_port_to_env_file_unless_it_is_given(
    target: str, given: list[str], variables: dict[str, str], options: list[str]
) -> None:
    environment = {"PATH": os.environ["PATH"], **variables}
    command = ["make", "--dry-run", "--assume-old=setup", target, *given]
    ran = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    (line,) = (line for line in ran.stdout.splitlines() if "pnodes up" in line)
    words = line.split()
    assert words[words.index("up") + 1 :] == (["--simulate", "300"] if target == "demo" else []) + options
