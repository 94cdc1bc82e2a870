"""Only the supervisor's module creates tasks, so none can end unnoticed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

SUPERVISOR = "server/process/supervisor.py"
# Modules that may not import the supervisor, and await each of their tasks.
APART = {"jobs/simulate/server.py": "the simulated network, a server of its own", SUPERVISOR: "it makes them"}
CREATING = {"create_task", "ensure_future"}


def sources() -> list[str]:
    found = [path for room in ("server", "jobs") for path in (REPOSITORY / room).rglob("*.py")]
    return sorted(str(path.relative_to(REPOSITORY)) for path in found)


def parsed(place: str) -> ast.Module:
    return ast.parse(Path(REPOSITORY / place).read_text(encoding="utf-8"))


def groups(tree: ast.AST) -> set[str]:
    """The names of task groups, which await the tasks they create."""
    items = [item for node in ast.walk(tree) if isinstance(node, ast.AsyncWith) for item in node.items]
    return {
        item.optional_vars.id
        for item in items
        if isinstance(item.optional_vars, ast.Name) and "TaskGroup" in ast.unparse(item.context_expr)
    }


def created(tree: ast.Module) -> Iterator[str]:
    """The calls that create a task by themselves."""
    own = groups(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            owner, _, called = name.rpartition(".")
            if called in CREATING and owner not in own:
                yield f"line {node.lineno}: {name}"


def gathered(tree: ast.Module) -> Iterator[str]:
    """The gathers that are not awaited where they are created."""
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.gather" and id(node) not in awaited:
            yield f"line {node.lineno}: {ast.unparse(node.func)}"


@pytest.mark.parametrize("place", sources())
def test_tasks_are_created_by_the_supervisor_alone(place: str) -> None:
    tree = parsed(place)
    if place not in APART:
        assert list(created(tree)) == []
    assert list(gathered(tree)) == []


def test_what_this_looks_for_is_found() -> None:
    tree = ast.parse("asyncio.create_task(x())\nloop.create_task(y())\nensure_future(z())\nlater = asyncio.gather(a())")
    assert len(list(created(tree))) == 3
    assert len(list(gathered(tree))) == 1
