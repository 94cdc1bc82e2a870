"""The fixtures of the fault suite. It takes minutes, so it only runs if it is named.

`make faults` runs all of it except the soak, `make faults-quick` the tests marked `quick`, and `make soak` the soak.
"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import rig as rigs
from tests.faults.load import LOAD

FIGURE = "figure"

Note = Callable[[str], None]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Exclude this folder from runs of all tests."""
    return None if any("faults" in argument for argument in config.args) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.stack)
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="faults are made with what Linux has: /proc, prlimit, SIGSTOP"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The measurements of the tests, whether they passed or not."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == FIGURE and report.when == "call":
                    terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")


@pytest.fixture(autouse=True)
def _load() -> Iterator[None]:
    """Measures the load of the machine during each test, by which bounds on time are scaled."""
    with LOAD.watched():
        yield


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Prints a figure at the end of the run."""
    return lambda figure: record_property(FIGURE, figure)


@pytest.fixture
async def rig(tmp_path: Path, mongo_uri: str, redis_url: str, db_name: str) -> AsyncIterator[rigs.Rig]:
    """A deployment on the stores of the whole run, which this test must not stop."""
    async with rigs.rig(tmp_path, mongo_uri, redis_url, db_name) as made:
        yield made
