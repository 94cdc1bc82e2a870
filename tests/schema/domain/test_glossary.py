"""docs/glossary.md has each term of the field once, and defines the words of the schema as the code does."""

import re
from pathlib import Path

import pytest

from schema.domain.history.points import Resolution
from schema.domain.node.pnode import LivenessBasis, PNodeStatus

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "glossary.md").read_text(encoding="utf-8")
TERMS = [term for row in re.findall(r"^\| ([^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE) for term in [row] if row != "term"]


@pytest.mark.parametrize(
    "term", ["slot", "ghost", "witness", "seed", "island", "prpc", "coverage", "snapshot", "cycle"]
)
def test_the_terms_of_the_field_are_explained(term: str) -> None:
    assert any(re.search(rf"\b{term}\b", each.lower()) for each in TERMS)


@pytest.mark.parametrize("word", [*PNodeStatus, *LivenessBasis])
def test_each_word_of_a_status_has_its_row(word: str) -> None:
    assert f"`{word}`" in TERMS


@pytest.mark.parametrize("word", [each.value for each in Resolution if each is not Resolution.AUTO])
def test_each_resolution_is_explained(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_each_term_is_there_once() -> None:
    assert len(TERMS) == len(set(TERMS)) > 50


def test_the_readme_leads_to_it() -> None:
    assert "(docs/glossary.md)" in (DOCS.parent / "README.md").read_text(encoding="utf-8")
