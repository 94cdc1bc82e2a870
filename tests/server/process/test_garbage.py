"""The garbage collector is off only within a step, and finds all garbage that does not come from one."""

import ast
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from server.process.garbage import Garbage
from tests.processes import REPOSITORY


@pytest.fixture(autouse=True)
def set_aside_as_before() -> Iterator[None]:
    """What these tests leave is excluded like the modules and tests of the run (tests/conftest.py).

    Undoing that exclusion would traverse all of them after each test.
    """
    yield
    gc.collect()
    gc.freeze()


def fail() -> None:
    raise RuntimeError


@pytest.mark.parametrize("name", ["step", "brief_step"])
def test_the_collector_is_off_within_a_step_and_on_after_it(name: str) -> None:
    assert getattr(Garbage(), name)(gc.isenabled) is False
    assert gc.isenabled()


def test_a_step_gives_what_its_work_makes_and_sets_it_aside() -> None:
    aside = gc.get_freeze_count()
    made = Garbage().step(lambda: [[n] for n in range(1_000)])
    assert made[-1] == [999]
    assert gc.get_freeze_count() >= aside + 1_000


def test_the_objects_of_a_step_are_never_traversed() -> None:
    collected: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    gc.callbacks.append(note)
    try:
        made = Garbage().step(lambda: [[n] for n in range(10_000)])
        more = [[n] for n in range(10)]
    finally:
        gc.callbacks.remove(note)
    assert (len(made), len(more)) == (10_000, 10)
    assert collected == [2], "expected only the collection before the step"


def test_a_brief_step_sets_nothing_aside() -> None:
    aside = gc.get_freeze_count()
    Garbage().brief_step(lambda: [[n] for n in range(1_000)])
    assert gc.get_freeze_count() == aside


def test_the_collector_stays_off_until_the_outer_one_of_two_steps_ends() -> None:
    garbage = Garbage()

    def outer() -> bool:
        garbage.brief_step(lambda: None)
        return gc.isenabled()

    assert garbage.brief_step(outer) is False
    assert gc.isenabled()


def test_it_is_on_again_after_a_failure() -> None:
    with pytest.raises(RuntimeError):
        Garbage().step(fail)
    assert gc.isenabled()


def test_a_step_that_would_await_is_refused() -> None:
    async def waiting() -> None:
        """It would run with the collector off, together with everything else."""

    made: list[Any] = []
    with pytest.raises(TypeError, match="expected a plain function"):
        Garbage().step(lambda: made.append(waiting()) or made[0])
    made[0].close()
    assert gc.isenabled()


def test_what_a_failure_leaves_is_gone_by_the_next_step() -> None:
    class Made:
        """An object that a failure leaves unfinished."""

    def fail() -> None:
        made = Made()
        made.itself = made  # type: ignore[attr-defined]  a cycle, as in a traceback
        left.append(weakref.ref(made))
        raise RuntimeError

    left: list[weakref.ref[Made]] = []
    garbage = Garbage()
    with pytest.raises(RuntimeError):
        garbage.step(fail)
    assert garbage.step(left[0]) is None


def test_garbage_from_between_steps_is_not_set_aside() -> None:
    class Asked:
        """An object with a reference cycle, as in parsed documents."""

    garbage = Garbage()
    garbage.step(lambda: None)
    left: list[weakref.ref[Asked]] = []
    for _ in range(100):
        asked = Asked()
        asked.itself = asked  # type: ignore[attr-defined]
        left.append(weakref.ref(asked))
        del asked
    assert garbage.step(lambda: [one() for one in left if one()]) == []


def look_through_what_was_set_aside() -> None:
    """Runs in a process of its own, because it traverses everything that its process holds."""
    gc.collect()
    garbage = Garbage(spare=500, count_every=2)
    cycle: list[object] = []
    cycle.append(cycle)
    garbage.step(lambda: None)
    garbage.look_through()
    aside = gc.get_freeze_count()
    del cycle
    grown = [[n] for n in range(aside + 1_000)]
    garbage.step(lambda: None)
    garbage.look_through()
    assert gc.get_freeze_count() > 2 * aside + 500  # not counted, so the list that contains itself is still included
    garbage.look_through()
    gc.unfreeze()
    assert gc.collect() == 0  # the third check counted, and found it
    del grown


def test_what_was_set_aside_is_looked_through_once_it_is_more_than_twice_as_much() -> None:
    name = look_through_what_was_set_aside.__name__
    code = f"from tests.server.process.test_garbage import {name}; {name}()"
    child = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (0, "")


def test_one_module_alone_touches_the_collector() -> None:
    modules = [path for package in ("schema", "server", "jobs") for path in (REPOSITORY / package).rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in modules}
    touching = [
        str(path.relative_to(REPOSITORY))
        for path, text in texts.items()
        if "gc" in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import) and "gc" in [each.name for each in node.names]
    ]
    assert touching == ["server/process/garbage.py"]
