"""Calling the command: printed hints run this installation when they are pasted into a shell."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.cli import parser
from jobs.commands.examples import EXAMPLES
from jobs.commands.invocation import CHECKOUT, NAME, invocation
from server.process.release import release

PYTHON = Path(sys.executable)
SOURCES = [
    path
    for root in ("schema", "server", "jobs", "tools", "tests")
    for path in (CHECKOUT / root).rglob("*.py")
    if "node_modules" not in path.parts
]


def executable(folder: Path) -> Path:
    folder.mkdir(parents=True)
    script = folder / NAME
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def test_a_command_on_path_is_called_by_its_name(tmp_path: Path) -> None:
    script = executable(tmp_path / "bin")
    assert invocation(script.with_name("python"), tmp_path, str(script.parent)) == "pnodes"


def test_a_command_beside_the_interpreter_is_called_by_its_path(tmp_path: Path) -> None:
    script = executable(tmp_path / ".venv" / "bin")
    assert invocation(script.with_name("python"), tmp_path, "") == ".venv/bin/pnodes"
    assert invocation(script.with_name("python"), tmp_path / "elsewhere", "") == str(script)


def test_another_installation_on_path_is_not_meant(tmp_path: Path) -> None:
    other = executable(tmp_path / "other")
    script = executable(tmp_path / ".venv" / "bin")
    assert invocation(script.with_name("python"), tmp_path, str(other.parent)) == ".venv/bin/pnodes"


def test_a_path_with_a_space_is_quoted(tmp_path: Path) -> None:
    script = executable(tmp_path / "my checkout" / "bin")
    assert shlex.split(invocation(script.with_name("python"), tmp_path, "")) == ["my checkout/bin/pnodes"]


def test_without_an_installed_command_the_script_of_the_checkout_is_called(tmp_path: Path) -> None:
    called = invocation(tmp_path / "python", CHECKOUT, "")
    assert called == "deploy/pnodes"
    assert invocation(tmp_path / "python", tmp_path, str(CHECKOUT / "deploy")) == "pnodes"


@pytest.mark.parametrize("command", [(str(PYTHON), "-m", "jobs"), (str(CHECKOUT / "deploy" / "pnodes"),)])
def test_the_module_and_the_script_are_the_command(command: tuple[str, ...], tmp_path: Path) -> None:
    """The script also works from any other folder, and then uses that folder's `.env`."""
    folder = CHECKOUT if "-m" in command else tmp_path
    path = f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run([*command, "--version"], cwd=folder, env={"PATH": path}, capture_output=True, check=True)
    assert ran.stdout.decode() == f"pnodes {release()}\n"


def test_the_script_takes_the_packages_of_its_own_checkout(tmp_path: Path) -> None:
    """A checkout that was moved, with an environment without `pnodes`."""
    moved = tmp_path / "moved here"
    (moved / "deploy").mkdir(parents=True)
    shutil.copy(CHECKOUT / "deploy" / "pnodes", moved / "deploy")
    python = moved / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PYTHONPATH|$*"\n', encoding="utf-8")
    python.chmod(0o755)
    ran = subprocess.run(
        [moved / "deploy" / "pnodes", "probe", "a b"], cwd=tmp_path, env={}, capture_output=True, check=True
    )
    assert ran.stdout.decode() == f"{moved}|-m jobs probe a b\n"


def strings(path: Path) -> Iterator[str]:
    """The texts in a module that are not docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_printed_hint_has_the_bare_command() -> None:
    """`pnodes` may not be on PATH, so hints are made with `invocation()`."""
    bare = re.compile(rf"(?<!`)\bpnodes ({'|'.join(filter(None, EXAMPLES))})\b")
    found = [
        (path.name, text)
        for path in SOURCES
        if CHECKOUT / "tests" not in path.parents
        for text in strings(path)
        if bare.search(text)
    ]
    assert found == []


def calls(path: Path, names: tuple[str, ...]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


def test_no_parser_takes_abbreviations() -> None:
    """An abbreviation that is unique today may match another option tomorrow."""
    made = [(path, call) for path in SOURCES for call in calls(path, ("ArgumentParser", "add_parser"))]
    lax = [
        f"{path.relative_to(CHECKOUT)}:{call.lineno}"
        for path, call in made
        if not any(word.arg == "allow_abbrev" and ast.unparse(word.value) == "False" for word in call.keywords)
    ]
    assert len(made) > 6
    assert lax == []


@pytest.mark.parametrize(
    "arguments", [["up", "--simul", "30"], ["import", "--keep", "x"], ["--vers"], ["simulate", "--node", "50"]]
)
def test_an_abbreviated_option_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "usage: pnodes" in capsys.readouterr().err


@pytest.mark.parametrize("command", EXAMPLES)
def test_each_help_has_examples_that_can_be_typed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([*command.split(), "--help"])
    told = capsys.readouterr().out.splitlines()
    shown = told[told.index("examples:") + 1 :]
    assert shown == [f"  {invocation()} {example}" for example in EXAMPLES[command]]
    for example in EXAMPLES[command]:
        if "COMMAND" not in example:
            assert callable(parser().parse_args(shlex.split(example)).run)


@pytest.mark.parametrize(
    "module", ["server", "server.export_schema", "jobs.worker", "jobs.simulate", "jobs.stack.embedded"]
)
def test_each_module_that_is_run_alone_has_an_example(module: str) -> None:
    ran = subprocess.run([PYTHON, "-m", module, "--help"], cwd=CHECKOUT, capture_output=True, check=True)
    assert f"python -m {module}" in ran.stdout.decode().rpartition("example:")[2]


PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").rglob("*.md")]
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_can_be_typed(page: Path) -> None:
    """Shell blocks have the whole command with options; running text has the name of the command."""
    text = page.read_text(encoding="utf-8")
    for block in SHELL.findall(text):
        for line in re.findall(r"^(?:\S+/)?pnodes ([^|\n]+)", block, re.MULTILINE):
            if line != "--help":
                assert callable(parser().parse_args(shlex.split(line, comments=True)).run), line
    for command in re.findall(r"`(?:[A-Z_]+=\S+ )?(?:\S+/)?pnodes ([a-z][a-z-]*)[^`]*`", text):
        assert command in EXAMPLES, command
