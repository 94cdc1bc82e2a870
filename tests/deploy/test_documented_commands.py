"""Every command in the docs is run by a test, or its block begins with a requirement that development lacks."""

import re
import shlex
import subprocess
from typing import NamedTuple

import pytest

from jobs.cli import parser
from tests.end_to_end.test_examples import CURLS
from tests.processes import REPOSITORY

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEEDS = "# needs "
LACKING = {
    "Docker",
    "an account of Fly.io",
    "an account of Heroku",
    "a server of your own, and a domain",
    "the registry of npm",
    "another machine",
}
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
PNODES = {"pnodes", "deploy/pnodes", ".venv/bin/pnodes"}

# The place where each command is run, by its own words or by what it starts.
RUN_BY = {
    "verify": "tests/jobs/commands/test_verify.py",
    "evaluate": "tests/jobs/evaluate/test_command.py",
    "backup": "tests/faults/test_drills.py",
    "restore": "tests/faults/test_drills.py",
    "move": "tests/jobs/commands/test_copies.py",
    "check-config": "tests/server/config/test_env_file.py",
    "--help": "tests/jobs/test_cli.py",
    "promtool check rules": "tests/deploy_check/test_units.py",
    "python3 -m venv .venv": "tests/end_to_end/test_setup.py",
    ".venv/bin/pip install --require-hashes -r locks/runtime.txt": "tests/end_to_end/test_setup.py",
    ".venv/bin/python -m server &": "tests/server/test_process.py",
    ".venv/bin/python -m jobs.worker &": "tests/jobs/test_worker.py",
    ". .venv/bin/activate": "tests/deploy/test_documented_commands.py",
}


class Block(NamedTuple):
    """One block of commands of a page."""

    page: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.text.splitlines()[0][:40]}"


BLOCKS = [
    Block(str(page.relative_to(REPOSITORY)), text) for page in PAGES for text in BLOCK.findall(page.read_text("utf-8"))
]
HERE = [block for block in BLOCKS if not block.text.startswith(NEEDS)]


def commands(block: Block) -> list[list[str]]:
    """The words of each command, without leading variables."""
    lines = [shlex.split(line, comments=True) for line in block.text.splitlines()]
    return [[word for i, word in enumerate(words) if i or "=" not in word] for words in lines if words]


def test_a_block_that_was_not_run_says_what_it_needs() -> None:
    found = {block.text.splitlines()[0].removeprefix(NEEDS) for block in BLOCKS if block not in HERE}
    assert found == LACKING


@pytest.mark.parametrize("block", [block for block in HERE if "curl" not in block.text], ids=str)
def test_a_command_is_one_that_tests_run(block: Block) -> None:
    targets = TARGET.findall((REPOSITORY / "Makefile").read_text("utf-8"))
    for words in commands(block):
        if words[0] == "make":
            assert words[1] in targets
        elif words[0] in PNODES and words[1] != "--help":
            parser().parse_args(words[1:])
            assert f'"{words[1]}"' in (REPOSITORY / RUN_BY[words[1]]).read_text("utf-8")
        else:
            (known,) = [known for known in RUN_BY if known in " ".join(words)]
            assert (REPOSITORY / RUN_BY[known]).exists()


@pytest.mark.skipif(not (REPOSITORY / ".venv").is_dir(), reason="needs the .venv of make setup")
def test_the_environment_of_the_checkout_has_the_command() -> None:
    command = ("sh", "-c", ". .venv/bin/activate && pnodes --help")
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "usage: pnodes [-h] [--version] COMMAND ...")


def test_a_request_is_one_that_is_sent_as_it_is_printed() -> None:
    assert [block.text for block in HERE if "curl" in block.text] == CURLS
