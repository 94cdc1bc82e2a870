"""`make setup` on machines that lack something. Each runs in a copy of the checkout, without a network.

The Pythons are wrappers of the one that runs the tests: they report another version, lack ensurepip, or create a .venv
with only a few files.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import REPOSITORY, free_port

PROGRAMS = (
    "make",
    "sh",
    "head",
    "tail",
    "grep",
    "rm",
    "mkdir",
    "cp",
    "chmod",
    "touch",
    "sed",
    "expand",
    "dirname",
    "env",
)
PYTHON = os.path.realpath(sys.executable)
WRAPPER = """#!/bin/sh
# Says that it is another Python, through `sitecustomize` in {shim}.
case "$1 $2" in
  "-m venv")
    mkdir -p .venv/bin && cp "$0" .venv/bin/python || exit
    {after_python}
    printf '#!%s/.venv/bin/python\\n' "$(pwd -P)" > .venv/bin/pip
    exit ;;
  "-m pip") echo "$*" >> pip.txt; exit ;;
  "tools/install.py "*) echo "$2" >> installed.txt; exit ;;
esac
PYTHONPATH={shim} exec {python} "$@"
"""


class Machine:
    """A checkout in `folder`, and a folder with the only programs on PATH."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in PROGRAMS:
            found = shutil.which(name)
            assert found is not None, name
            (self.programs / name).symlink_to(found)
        (self.checkout / "locks").mkdir(parents=True)
        shutil.copytree(REPOSITORY / "tools", self.checkout / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Makefile", "pyproject.toml", "locks/embedded.txt", "locks/dev.txt"):
            shutil.copy(REPOSITORY / name, self.checkout / name)

    def python(
        self, name: str, version: tuple[int, int] = (3, 12), *, ensurepip: bool = True, after_python: str = ":"
    ) -> Path:
        """A Python with this name. `after_python` is what its venv does once the interpreter exists."""
        shim = self.programs.parent / f"{name}-shim"
        shim.mkdir(exist_ok=True)
        lines = ["import sys", f"sys.version_info = ({version[0]}, {version[1]}, 0, 'final', 0)"]
        lines += [] if ensurepip else ["sys.modules['ensurepip'] = None"]
        (shim / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
        place = self.programs / name
        place.write_text(WRAPPER.format(shim=shim, python=PYTHON, after_python=after_python), encoding="utf-8")
        place.chmod(0o755)
        return place

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],
            cwd=self.checkout,
            env={"PATH": str(self.programs)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def installed(self) -> list[str]:
        """The installed locks, in order."""
        place = self.checkout / "installed.txt"
        return place.read_text(encoding="utf-8").split() if place.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def complaint(ran: subprocess.CompletedProcess[str]) -> str:
    """The one line with the error. make adds its own line."""
    assert ran.returncode != 0
    lines = [line for line in ran.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(lines) == 1, ran.stderr
    return lines[0]


def test_it_is_set_up_once(machine: Machine) -> None:
    machine.python("python3.12")
    assert machine.make("setup").returncode == 0
    assert machine.make("setup").returncode == 0
    assert machine.installed == ["locks/embedded.txt"]


def test_without_any_python_that_fits_it_says_what_is_needed(machine: Machine) -> None:
    machine.python("python3", (3, 9))
    assert complaint(machine.make("setup")).startswith(
        "cannot set up: Python 3.11, 3.12 or 3.13 is needed, and none is"
    )


def test_without_ensurepip_it_names_the_package_and_leaves_nothing(machine: Machine) -> None:
    machine.python("python3.12", ensurepip=False)
    assert complaint(machine.make("setup")).endswith("on Debian and Ubuntu: apt install python3.12-venv")
    assert not (machine.checkout / ".venv").exists()


def test_once_ensurepip_is_there_the_same_command_works(machine: Machine) -> None:
    machine.python("python3.12", ensurepip=False)
    machine.make("setup")
    machine.python("python3.12")
    assert machine.make("setup").returncode == 0
    assert machine.installed == ["locks/embedded.txt"]


def test_a_python_without_ensurepip_is_passed_over_for_a_whole_one(machine: Machine) -> None:
    machine.python("python3.13", (3, 13), ensurepip=False)
    machine.python("python3.11", (3, 11))
    ran = machine.make("setup")
    assert ran.returncode == 0
    assert "making .venv with python3.11" in ran.stdout


def test_a_venv_that_fails_is_removed_and_its_last_line_shown(machine: Machine) -> None:
    machine.python("python3.12", after_python="echo 'Error: no space left'; exit 1")
    assert complaint(machine.make("setup")) == "cannot set up: python3.12 -m venv failed: Error: no space left"
    assert not (machine.checkout / ".venv").exists()
    machine.python("python3.12")
    assert machine.make("setup").returncode == 0


@pytest.mark.parametrize(
    ("version", "ensurepip", "told"),
    [
        ((3, 9), True, "is Python 3.9, and 3.11, 3.12 or 3.13 is needed"),
        ((3, 12), False, "apt install python3.12-venv"),
    ],
)
def test_a_python_that_is_named_is_judged_by_what_it_is(
    machine: Machine, version: tuple[int, int], told: str, *, ensurepip: bool
) -> None:
    mine = machine.python("mine", version, ensurepip=ensurepip)
    assert told in complaint(machine.make("setup", f"PYTHON={mine}"))


def test_a_python_that_is_named_and_not_there_is_told(machine: Machine) -> None:
    assert complaint(machine.make("setup", "PYTHON=/nowhere/python3")).startswith(
        "cannot set up: /nowhere/python3 cannot be run"
    )


def test_a_moved_checkout_gets_a_venv_of_its_own(machine: Machine) -> None:
    machine.python("python3.12")
    machine.make("setup")
    moved = machine.checkout.with_name("moved here")
    machine.checkout.rename(moved)
    machine.checkout = moved
    ran = machine.make("setup")
    assert (ran.returncode, complaint_of_check(ran)) == (
        0,
        "it was made in another folder, from which this checkout was moved or copied",
    )
    assert machine.installed == ["locks/embedded.txt"] * 2
    assert str(moved) in (moved / ".venv" / "bin" / "pip").read_text(encoding="utf-8")
    assert machine.make("setup").stderr == ""


def complaint_of_check(ran: subprocess.CompletedProcess[str]) -> str:
    (line,) = ran.stderr.splitlines()
    return line.removeprefix("making .venv anew: ")


def test_a_venv_of_a_wrong_python_is_made_anew(machine: Machine) -> None:
    machine.python("python3.12")
    machine.make("setup")
    old = machine.python("old", (3, 9))
    shutil.copy(old, machine.checkout / ".venv" / "bin" / "python")
    assert complaint_of_check(machine.make("setup")) == "its Python is not 3.11, 3.12 or 3.13"
    assert machine.installed == ["locks/embedded.txt"] * 2


def test_a_venv_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.python("python3.12")
    machine.make("setup")
    python = machine.checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.12")
    assert complaint_of_check(machine.make("setup")) == "its Python cannot be run"
    assert machine.installed == ["locks/embedded.txt"] * 2


def test_a_venv_that_was_left_unfinished_is_made_anew(machine: Machine) -> None:
    machine.python("python3.12", after_python="exit 0")
    machine.make("setup")
    machine.python("python3.12")
    assert complaint_of_check(machine.make("setup")) == "it was left unfinished"
    assert machine.make("setup").stderr == ""


@pytest.mark.parametrize("arguments", [(), ("help",), ("-n", "setup")])
def test_looking_changes_nothing(machine: Machine, arguments: tuple[str, ...]) -> None:
    broken = machine.checkout / ".venv"
    broken.mkdir()
    machine.make(*arguments)
    assert broken.exists()


INSTALL = (sys.executable, str(REPOSITORY / "tools" / "install.py"))
HASH = "--hash=sha256:" + "0" * 64


def test_without_a_network_the_installation_ends_with_one_line(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"no-such-package-of-ours==1.0 {HASH}\n", encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": f"http://127.0.0.1:{free_port()}/simple",
        "PIP_RETRIES": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", RUN_INSTALL, str(lock), str(tmp_path / "log")],
        cwd=REPOSITORY / "tools",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "the package index cannot be reached; is there a network" in complaint(ran)
    assert "no-such-package-of-ours" in (tmp_path / "log").read_text(encoding="utf-8")


RUN_INSTALL = "import sys, pathlib, install; sys.exit(install.main(*map(pathlib.Path, sys.argv[1:])))"
FAKE_PIP = """
print("Ignoring package-0: markers 'sys_platform == \\"win32\\"' don't match your environment")
for number in range(1, 20):
    print(f"Collecting package-{number}==1.0 (from -r lock.txt (line 1))")
    print(f"  Using cached package_{number}-1.0-py3-none-any.whl")
print("Requirement already satisfied: package-20==1.0 in ./lib")
for number in range(21, 25):
    print(f"Processing ./wheels/package_{number}-1.0-py3-none-any.whl")
print("Installing collected packages: a, b")
"""


def installed_by(pip: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The installation of a lock of 25 packages, with a stand-in for pip."""
    package = tmp_path / "shim" / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(pip, encoding="utf-8")
    lock = tmp_path / "lock.txt"
    lock.write_text("".join(f"package-{number}==1.0 \\\n    {HASH}\n" for number in range(25)), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", RUN_INSTALL, str(lock), str(tmp_path / "log")],
        cwd=REPOSITORY / "tools",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installation_shows_how_far_it_is(tmp_path: Path) -> None:
    ran = installed_by(FAKE_PIP, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "  10 of 24 packages fetched",
        "  20 of 24 packages fetched",
        "  24 packages fetched, installing them ...",
    ]


def test_another_failure_of_pip_is_its_first_error_in_one_line(tmp_path: Path) -> None:
    ran = installed_by(
        "import sys\nprint('ERROR: THESE PACKAGES DO NOT MATCH')\nprint('ERROR: x')\nsys.exit(1)", tmp_path
    )
    assert "THESE PACKAGES DO NOT MATCH (all that pip said:" in complaint(ran)
