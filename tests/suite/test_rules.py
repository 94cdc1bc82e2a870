"""No test of `make test` depends on the speed of the machine: no clocks, short waits, or deadlines of examples."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

TESTS = REPOSITORY / "tests"
# They measure, or wait for real time, and have their own make targets.
APART = ("benchmarks", "conformance", "faults")
# The only module that reads a clock and sleeps, between two checks of a process.
HELPERS = {TESTS / "processes.py"}
CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "perf_counter_ns", "process_time_ns", "timeit"}
WAITS = {"timeout": 0, "timeout_at": 0, "join": 0, "wait": 0, "wait_for": 1}
"""Calls with a deadline, and the position of the deadline among their arguments."""
WAITING = {"run", "communicate", "check_output", "check_call", "urlopen", "create_connection", "get", "post", *WAITS}
OF_THE_PROFILE = {"deadline", "suppress_health_check", "derandomize"}


def name_of(call: ast.expr) -> str:
    return call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def broken(source: str) -> Iterator[str]:
    """The lines that depend on speed, each with the reason."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in CLOCKS
            and getattr(node.value, "id", "") in {"time", "timeit"}
        ):
            yield f"line {node.lineno}: looks at a clock ({node.attr}): count work instead (tests/work.py)"
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        if name == "sleep" and any(is_number(each) and ast.literal_eval(each) for each in node.args):
            yield f"line {node.lineno}: sleeps: wait for what must come (tests/processes.py, tests/patience.py)"
        if name in WAITS and any(map(is_number, node.args[WAITS[name] :])):
            yield f"line {node.lineno}: gives up after a number of seconds: use tests/patience.py"
        for keyword in node.keywords:
            if keyword.arg == "timeout" and is_number(keyword.value) and name in WAITING:
                yield f"line {node.lineno}: gives up after a number of seconds: use tests/patience.py"
            if name == "settings" and keyword.arg in OF_THE_PROFILE:
                yield f"line {node.lineno}: {keyword.arg} is for the one profile of tests/conftest.py"


def modules() -> list[Path]:
    found = sorted(TESTS.rglob("*.py"))
    return [each for each in found if each.relative_to(TESTS).parts[0] not in APART and each not in HELPERS]


MAX_LINES = 300


def test_no_module_is_longer_than_a_reader_likes() -> None:
    modules = [path for folder in ("schema", "server", "jobs") for path in (REPOSITORY / folder).rglob("*.py")]
    lines = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules if "node_modules" not in path.parts
    }
    assert {str(path): count for path, count in lines.items() if count > MAX_LINES} == {}


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(TESTS)))
def test_no_test_depends_on_how_fast_the_machine_is(module: Path) -> None:
    assert list(broken(module.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "began = time.monotonic()",
        "assert time.process_time() - began < 0.05",
        "timeit.timeit(f)",
        "time.sleep(1)",
        "await asyncio.sleep(0.1)",
        "asyncio.timeout(5)",
        "asyncio.wait_for(event.wait(), 5)",
        "thread.join(2)",
        "child.wait(10)",
        "subprocess.run(command, timeout=30)",
        "settings(deadline=None)",
        "settings(suppress_health_check=[])",
    ],
)
def test_what_depends_on_speed_is_found(line: str) -> None:
    assert len(list(broken(line))) == 1


@pytest.mark.parametrize(
    "line",
    ["await asyncio.sleep(0)", "asyncio.timeout(PATIENCE_SECONDS)", "settings(max_examples=40)", "now = time.time()"],
)
def test_what_does_not_is_left_alone(line: str) -> None:
    assert list(broken(line)) == []
