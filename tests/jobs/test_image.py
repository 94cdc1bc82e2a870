"""The image, as its Dockerfile copies it: every file exists, and the command `pnodes` is on its PATH."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.process.release import release
from tests.processes import REPOSITORY

STAGE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
COPIED = re.findall(r"^COPY (\S+) (\S+)$", STAGE, re.MULTILINE)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The content of /app in the last stage."""
    app = tmp_path / "app"
    for source, target in COPIED:
        place = app / target / source if target.endswith("/") else app / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / source).is_dir():
            shutil.copytree(REPOSITORY / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(REPOSITORY / source, place)
    return app


def test_what_is_copied_is_not_ignored() -> None:
    kept = set((REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines())
    assert len(COPIED) >= 5
    assert {source for source, _ in COPIED if f"!{source}" not in kept} == set()


@pytest.mark.parametrize("command", [("pnodes", "--version"), ("python", "-m", "jobs", "--version")])
def test_the_command_runs(image: Path, command: tuple[str, ...]) -> None:
    (folders,) = re.findall(r"^ENV PATH=(\S+):\$PATH", STAGE, re.MULTILINE)
    assert folders == "/opt/venv/bin:/app/deploy"
    path = os.pathsep.join((str(Path(sys.executable).parent), str(image / "deploy"), "/usr/bin", "/bin"))
    script = str(image / "deploy" / "pnodes") if command[0] == "pnodes" else command[0]
    ran = subprocess.run([script, *command[1:]], cwd=image, env={"PATH": path}, capture_output=True, check=True)
    assert ran.stdout.decode() == f"pnodes {release()}\n"
