"""The requirements for a score, and whether it meets them. The limits were set before any measurement."""

from typing import NamedTuple

from jobs.evaluate.outcome import Outcome, Part
from schema.domain.node.pnode import Tier
from schema.domain.words import counted

LEAST_RANGE = 15.0
MOST_WRONG = 0.01
MOST_HOURS = 24.0
TIERS = (Tier.LOW_RISK, Tier.MEDIUM_RISK, Tier.HIGH_RISK)
RIVALS = ("1.0", "uptime", "uptime-prior")


class Bar(NamedTuple):
    """One requirement: its text, the result, and whether that is sufficient. None if there is no result."""

    wanted: str
    found: str
    reached: bool | None


def bars(outcome: Outcome, rater: str) -> list[Bar]:
    """The requirements of a rater on the test part of an outcome. Empty if the rater has no ratings there."""
    part = outcome.parts[-1]
    if all(each.rater != rater or each.median is None for each in part.spreads):
        return []
    return [_tiers(part, rater), _range(part, rater), *_better(part, rater), _wrong(part, rater), _time(part, rater)]


def _tiers(part: Part, rater: str) -> Bar:
    found = next(each.tiers for each in part.spreads if each.rater == rater)
    words = ", ".join(f"{tier} {share:.0%}" for tier, share in found.items())
    return Bar("all tiers occur", words or "none", all(found.get(tier.value, 0) > 0 for tier in TIERS))


def _range(part: Part, rater: str) -> Bar:
    found = next(each.quartile_range for each in part.spreads if each.rater == rater)
    return Bar(
        f"inter-quartile range of live nodes ≥ {LEAST_RANGE:.0f} points",
        "not known" if found is None else f"{found:.1f}",
        None if found is None else found >= LEAST_RANGE,
    )


def _better(part: Part, rater: str) -> list[Bar]:
    found: list[Bar] = []
    for rival in RIVALS:
        if rival == rater or all(each.rater != rival for each in part.orderings):
            continue
        pairs = [
            (mine, other)
            for mine in part.orderings
            for other in part.orderings
            if mine.rater == rater and other.rater == rival and mine.horizon == other.horizon
        ]
        for measure in ("spearman", "survival"):
            values = [(getattr(mine, measure), getattr(other, measure)) for mine, other in pairs]
            known = [(mine, other) for mine, other in values if mine is not None and other is not None]
            words = ", ".join(f"{mine:.3f} against {other:.3f}" for mine, other in known)
            name = "rank correlation" if measure == "spearman" else "survival of the best tenth"
            open_ = [(mine, other) for mine, other in known if min(mine, other) < 1]  # nothing is above 1
            reached = all(mine > other for mine, other in open_) if open_ else None
            found.append(Bar(f"{name} above {rival}, at each horizon", words or "not known", reached))
    return found


def _wrong(part: Part, rater: str) -> Bar:
    found = next(each for each in part.condemning if each.rater == rater)
    share = found.wrong / found.sound if found.sound else None
    return Bar(
        f"wrongly condemned ≤ {MOST_WRONG:.0%}",
        "no sound node" if share is None else f"{share:.2%} of {counted(found.sound, 'verdict')}",
        None if share is None else share <= MOST_WRONG,
    )


def _time(part: Part, rater: str) -> Bar:
    found = next(each for each in part.condemning if each.rater == rater)
    if not found.dead or found.max_hours is None:
        return Bar(f"dead nodes condemned within {MOST_HOURS:.0f} h", "no node died", None)
    words = f"{found.max_hours:.1f} h at most, {found.missed} of {found.dead} never"
    return Bar(
        f"dead nodes condemned within {MOST_HOURS:.0f} h", words, found.max_hours <= MOST_HOURS and not found.missed
    )
