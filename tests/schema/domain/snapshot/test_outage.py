from typing import Any

import pytest

from schema.domain.node.failure import FailureCategory
from schema.domain.snapshot.outage import OutageCause, outage_of

NOW = 1_800_000_000.0
TIMEOUT, REFUSED, UNREACHABLE = FailureCategory.TIMEOUT, FailureCategory.REFUSED, FailureCategory.UNREACHABLE


def cause_of(**changes: Any) -> OutageCause | None:
    """The cause if the newest snapshot is ten minutes old and the worker's last cycle has just failed, with these
    changes."""
    known: dict[str, Any] = {
        "taken_at": int(NOW) - 600,
        "store_answers": True,
        "store_fault": None,
        "attempted_at": int(NOW) - 10,
        "outcome": "failed",
        "failures": [None, None],
        **changes,
    }
    found = outage_of(NOW, 60, known.pop("taken_at"), **known)
    return found.cause if found else None


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"taken_at": int(NOW)}, None),
        ({"taken_at": int(NOW) - 119, "store_answers": False, "outcome": "no_seed_answered"}, None),
        ({"taken_at": int(NOW) - 120}, OutageCause.WORKER),
        ({"store_answers": False, "attempted_at": None}, OutageCause.STORE),
        ({"store_fault": "its disk is full"}, OutageCause.STORE),
        ({"attempted_at": None, "outcome": "none"}, OutageCause.WORKER),
        ({"attempted_at": int(NOW) - 120, "outcome": "committed"}, OutageCause.WORKER),
        ({"outcome": "failed"}, OutageCause.WORKER),
        ({"outcome": "clock_ahead", "attempted_at": int(NOW) + 3_600}, OutageCause.CLOCK),
        ({"outcome": "no_seed_answered", "failures": [TIMEOUT, UNREACHABLE]}, OutageCause.UPLINK),
        ({"outcome": "no_seed_answered", "failures": [TIMEOUT, REFUSED]}, OutageCause.SEEDS),
        ({"outcome": "no_seed_answered", "failures": [TIMEOUT]}, OutageCause.SEEDS),
        ({"outcome": "no_seed_answered", "failures": []}, OutageCause.SEEDS),
        ({"taken_at": int(NOW) + 60}, None),
        ({"taken_at": int(NOW) + 61}, OutageCause.CLOCK),
        ({"taken_at": None, "store_answers": False}, OutageCause.STORE),
        ({"taken_at": None, "attempted_at": None}, OutageCause.WORKER),
    ],
)
def test_the_cause_is_the_first_that_explains_it(changes: dict[str, Any], cause: OutageCause | None) -> None:
    assert cause_of(**changes) is cause


def test_a_full_store_is_named_in_the_sentence() -> None:
    found = outage_of(
        NOW,
        60,
        None,
        store_answers=True,
        store_fault="its storage is used up",
        attempted_at=None,
        outcome="none",
        failures=(),
    )
    assert found is not None
    assert found.message == "The store accepts no writes: its storage is used up"
