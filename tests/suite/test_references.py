"""References are valid: numbers of decisions are unique, and named files exist."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXTS = [
    *(path for folder in ("schema", "server", "jobs", "tests", "tools") for path in (ROOT / folder).rglob("*.py")),
    *(ROOT / "docs").rglob("*.md"),
    *ROOT.glob("*.md"),
]
# A path with a placeholder, such as `docs/decisions/NNNN-*.md`, is not a reference.
NAMED = re.compile(r"`((?:schema|server|jobs|tests|tools|docs)/[\w/.-]+\.(?:py|md|toml|mjs|json))`")


def test_each_decision_has_a_number_of_its_own() -> None:
    numbers = Counter(path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md"))

    assert [number for number, count in numbers.items() if count > 1] == []


def test_each_file_that_is_named_exists() -> None:
    named = {(str(path.relative_to(ROOT)), name) for path in TEXTS for name in NAMED.findall(path.read_text("utf-8"))}

    assert len(named) > 20
    assert sorted((text, name) for text, name in named if not (ROOT / name).exists()) == []
