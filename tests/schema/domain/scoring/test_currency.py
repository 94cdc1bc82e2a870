"""How far the network has moved past a version."""

from collections.abc import Sequence

import pytest

from schema.domain.base import DAY
from schema.domain.estimate_policy import CurrencyPolicy
from schema.domain.scoring.currency import MAX_RELEASES, OWN, Adoption, built_for
from schema.domain.scoring.standing import NODE_WEIGHT
from schema.domain.snapshot.record import Adopted
from tests.factories import AT

RULES = CurrencyPolicy()


def adoption(*counts: tuple[str | None, int], before: Sequence[Adopted] | None = None, at: int = AT) -> Adoption:
    """A network with this number of nodes for each version."""
    found = Adoption(
        [(version, NODE_WEIGHT) for version, count in counts for _ in range(count)], RULES, own="devnet", at=at
    )
    found.known_since(before)
    return found


@pytest.mark.parametrize(
    ("version", "network"),
    [
        ("0.8.0", OWN),
        ("0.8.0-rc1", OWN),
        ("0.8.0-devnet.3", OWN),
        ("0.8.0-trynet.20251226.9ea", "trynet"),
        ("1.0.0-Mainnet-alpha.1", "mainnet-alpha"),
    ],
)
def test_a_pre_release_names_the_network_that_it_is_built_for(version: str, network: str) -> None:
    built = built_for(version, "devnet")
    assert built is not None
    assert built.network == network


def test_a_version_that_does_not_parse_is_not_known() -> None:
    assert adoption(("0.8.0", 10)).share("unknown") is None
    assert adoption(("0.8.0", 10)).share(None) is None


def test_nothing_is_lost_before_most_of_the_network_has_moved_on() -> None:
    assert adoption(("0.8.0", 5), ("0.7.3", 5)).share("0.7.3") == 1


def test_everything_is_lost_once_nine_of_ten_have() -> None:
    assert adoption(("0.8.0", 9), ("0.7.3", 1)).share("0.7.3") == 0


def test_a_loss_grows_with_adoption() -> None:
    assert adoption(("0.8.0", 7), ("0.7.3", 3)).share("0.7.3") == pytest.approx(0.5)


def test_builds_of_another_network_are_neither_behind_nor_ahead() -> None:
    both = adoption(("0.8.0", 90), ("0.7.0-trynet.1", 10))
    assert both.share("0.7.0-trynet.1") == 1
    assert both.newer_share("0.8.0") == 0
    ahead = adoption(("0.8.0", 90), ("0.9.0-trynet.1", 1_000))
    assert ahead.share("0.8.0") == 1


def test_a_build_is_compared_within_its_own_network() -> None:
    both = adoption(("0.8.0", 90), ("0.7.0-trynet.1", 1), ("0.8.0-trynet.2", 19))
    assert both.share("0.7.0-trynet.1") == 0


def test_too_few_nodes_are_no_network() -> None:
    assert adoption(("0.8.0", 90), ("0.7.0-trynet.1", 2)).share("0.7.0-trynet.1") is None


def test_a_release_counts_from_when_most_of_the_network_ran_it() -> None:
    before = adoption(("0.7.3", 10)).known_since(None)
    counts = (("0.8.0", 95), ("0.7.3", 5))
    known = Adoption([(v, NODE_WEIGHT) for v, n in counts for _ in range(n)], RULES, own="devnet", at=AT).known_since(
        before
    )
    just_now = adoption(*counts, before=known)
    assert just_now.share("0.7.3") == pytest.approx(1)
    assert just_now.deadline("0.7.3") == AT + 7 * DAY
    halfway = adoption(*counts, before=known, at=AT + int(3.5 * DAY))
    assert halfway.share("0.7.3") == pytest.approx(0.5)
    assert adoption(*counts, before=known, at=AT + 7 * DAY).share("0.7.3") == 0


def test_what_had_passed_before_watching_began_has_no_time_left() -> None:
    found = adoption(("0.8.0", 95), ("0.7.3", 5))
    assert found.deadline("0.7.3") == 0
    assert found.share("0.7.3") == 0


def test_the_newest_release_has_no_deadline() -> None:
    assert adoption(("0.8.0", 95), ("0.7.3", 5)).deadline("0.8.0") is None


def test_releases_that_are_kept_are_bounded() -> None:
    known: tuple[Adopted, ...] | None = None
    for minor in range(3 * MAX_RELEASES):
        known = Adoption([(f"0.{minor}.0", NODE_WEIGHT)] * 9, RULES, own="devnet", at=AT + minor).known_since(known)
    assert known is not None
    assert len(known) == MAX_RELEASES
    assert known[-1].release == (0, 3 * MAX_RELEASES - 1)
