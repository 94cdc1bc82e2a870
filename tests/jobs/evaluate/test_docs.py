"""The page of the documentation matches its figures."""

import re
from pathlib import Path

from jobs.evaluate import command, page
from jobs.evaluate.raters import RATERS

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_and_its_plots_are_those_of_the_figures() -> None:
    outcomes = command.read_figures(DOCS / command.FIGURES)
    assert outcomes
    assert (DOCS / command.PAGE).read_text(encoding="utf-8") == page.page(outcomes)
    plots = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / page.IMAGES).glob("evaluation-*.svg")}
    assert plots == dict(page.images(outcomes))


def test_the_orders_of_all_raters_are_among_the_figures() -> None:
    """The page also has how many pairs each orders correctly, in the months in which some node was away."""
    months = next(each for each in command.read_figures(DOCS / command.FIGURES) if each.truth)
    for part in months.parts:
        assert {each.rater for each in part.orderings} == set(RATERS)
        assert all(each.concordance is not None for each in part.orderings)


def test_no_address_and_no_key_is_among_the_figures() -> None:
    """Recorded lists contain addresses of operators, so only aggregates are published."""
    outcomes = command.read_figures(DOCS / command.FIGURES)
    assert {outcome.name for outcome in outcomes} == {"simulated months", "captured series"}
    text = (DOCS / command.FIGURES).read_text(encoding="utf-8")
    texts = re.findall(r'"([^"]*)"', text)
    assert "captured series" in texts
    assert not [each for each in texts if each.count(".") > 1 or len(each) > 32]
