"""Tests of the selection that `make test` leaves to `make nightly`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nightly import cases
from tests.processes import REPOSITORY

THREE = """
import pytest
from tests.nightly import cases

@pytest.mark.parametrize("n", cases(("one", 1), ("two", 2), always={"one"}))
def test_cases(n):
    pass

@pytest.mark.nightly
def test_long():
    pass

@pytest.mark.whole
def test_stack():
    pass
"""


@pytest.mark.parametrize(
    ("run", "said"), [(None, "1 passed, 3 deselected"), ("WHOLE", "2 passed, 2 deselected"), ("NIGHTLY", "4 passed")]
)
def test_a_run_selects_what_is_always_run_and_what_is_its_own(tmp_path: Path, run: str | None, said: str) -> None:
    (tmp_path / "test_three.py").write_text(THREE, encoding="utf-8")
    pyproject = str(REPOSITORY / "pyproject.toml")
    command = (sys.executable, "-m", "pytest", "-c", pyproject, "-p", "tests.conftest", "-p", "no:cacheprovider")
    environment = {name: value for name, value in os.environ.items() if name not in {"NIGHTLY", "WHOLE"}}
    ran = subprocess.run(
        (*command, str(tmp_path)),
        cwd=REPOSITORY,
        env=environment | ({} if run is None else {run: "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize("always", [set(), {"thre"}, {"one", "thre"}])
def test_a_name_that_no_case_has_is_refused(always: set[str]) -> None:
    with pytest.raises(ValueError, match="expected some of"):
        cases(("one", 1), ("three", 3), always=always)
