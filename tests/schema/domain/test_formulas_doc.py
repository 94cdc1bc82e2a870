"""`docs/formulas.md` matches the code."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from schema.domain.base import Record
from schema.domain.policy import POLICY_1_0, POLICY_2_0
from tests.schema.domain.worked_examples import mended, shown

PAGE = (Path(__file__).parents[3] / "docs" / "formulas.md").read_text(encoding="utf-8")


# The modules below schema.domain whose functions the page names.
MODULES = {
    "alerts": "scoring.alerts",
    "analytics": "network.analytics",
    "consistency": "scoring.consistency",
    "health": "network.health",
    "operators": "network.operators",
    "recommend": "scoring.recommend",
    "scores": "scoring.scores",
    "trends": "history.trends",
    "versions": "versions",
}


def constants(record: Record, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record:
        if isinstance(value, Record):
            yield from constants(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", f"{value:.12g}"


def test_every_constant_is_there_with_its_value_and_a_reason():
    documented = re.findall(r"^\| `([a-z_.]+)` \| ([0-9.]+) \| \S.* \|$", PAGE, re.MULTILINE)
    estimate = POLICY_2_0.estimate
    assert estimate is not None
    assert sorted(documented) == sorted([*constants(POLICY_1_0), *constants(estimate, "estimate.")])


def test_every_tier_is_there_with_its_bound_and_looks():
    rows = [
        f"| `{band.tier}` | {'–' if band.minimum is None else f'{band.minimum:g}'} "
        f"| `{band.color}`{f' {band.emoji}' if band.emoji else ''} | {band.description} |"
        for band in POLICY_1_0.tiers
    ]
    assert [row for row in rows if row not in PAGE] == []


def test_the_mended_examples_are_those_of_the_tests():
    listed = PAGE.partition("| formula | input | earlier | ours | why |\n|---|---|---|---|---|\n")[2]
    assert listed.splitlines() == [
        f"| {name} | `{shown(row.given)}` | {row.earlier} | {row.ours} | {row.why} |" for name, row in mended()
    ]


def test_functions_that_the_page_names_exist():
    modules = "|".join(MODULES)
    documented = {name for name, _ in constants(POLICY_1_0)}
    named = {match[1] for match in re.finditer(rf"`((?:{modules})\.[a-z_]+)`", PAGE)} - documented
    missing = [name for name in named if not callable(_attribute(name))]
    assert named
    assert missing == []


def _attribute(dotted: str) -> object:
    module, _, name = dotted.partition(".")
    return getattr(import_module(f"schema.domain.{MODULES[module]}"), name, None)
