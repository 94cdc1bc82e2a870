"""Each row of the threat table names tests, and these exist."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TABLE = REPOSITORY / "docs/threats.md"
_TEST = re.compile(r"`(tests/[\w/.-]+)::(\w+)`")


def rows() -> list[str]:
    """The rows of all tables, without their headings."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    tabled = [line for line in lines if line.startswith("| ")]
    return [line for line in tabled if not line.startswith(("| threat |", "| fault |"))]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_a_threat_names_tests_that_exist(row: str) -> None:
    named = _TEST.findall(row)

    assert named
    for path, name in named:
        assert re.search(rf"^(async )?def {name}\(", (REPOSITORY / path).read_text(encoding="utf-8"), re.MULTILINE), (
            name
        )
