"""The measures of an evaluation, as pure functions of numbers.

Ties are treated evenly everywhere, so that no measure depends on the order in which nodes come.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from itertools import groupby, pairwise
from math import isclose
from statistics import StatisticsError, correlation
from typing import NamedTuple

SURVIVES_FROM = 0.95
"""A node survives a horizon if it is available for at least this share of it."""
MATTERS = 0.01
"""Availabilities that differ by less count as the same outcome."""
TOP_SHARE = 0.1
LEAST_NODES = 10
"""An order of fewer nodes is not meaningful, and a tenth of them is less than a node."""
BINS = 5
_DIGITS = 12


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, 1 for the smallest. Equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [0.0] * len(values)
    before = 0
    for _, group in groupby(order, key=lambda place: values[place]):
        places = list(group)
        for place in places:
            found[place] = before + (len(places) + 1) / 2
        before += len(places)
    return found


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, −1..1. None with fewer than `LEAST_NODES` pairs, or if all values of one side are
    equal.

    It is Pearson's correlation of the ranks, with mean ranks for ties.
    """
    if len(first) < LEAST_NODES:
        return None
    try:
        return round(correlation(ranks(first), ranks(second)), _DIGITS)
    except StatisticsError:
        return None


def concordance(values: Sequence[float], outcomes: Sequence[float]) -> float | None:
    """The share 0..1 of correctly ordered pairs, among those whose outcomes differ by `MATTERS` or more.

    Equal values count half. Unlike a rank correlation, it does not increase if nodes with tied outcomes are tied too.
    None if no pair differs.
    """
    ordered = sorted(zip(outcomes, values, strict=True))
    below: list[float] = []
    right = pairs = 0.0
    place = 0
    for outcome, value in ordered:
        while place < len(ordered) and outcome - ordered[place][0] >= MATTERS:
            insort(below, ordered[place][1])
            place += 1
        less, not_more = bisect_left(below, value), bisect_right(below, value)
        right += less + (not_more - less) / 2
        pairs += len(below)
    return right / pairs if pairs else None


def top_survival(values: Sequence[float] | Sequence[tuple[float, ...]], survived: Sequence[bool]) -> float | None:
    """The share 0..1 of the best tenth that survived. None with fewer than `LEAST_NODES` nodes.

    If equal values are on both sides of the edge of the tenth, they share the remaining places equally.
    """
    if len(values) < LEAST_NODES:
        return None
    places = len(values) * TOP_SHARE
    left, alive = places, 0.0
    best_first = sorted(zip(values, survived, strict=True), key=lambda pair: pair[0], reverse=True)
    for _, group in groupby(best_first, key=lambda pair: pair[0]):
        outcomes = [outcome for _, outcome in group]
        taken = min(left, len(outcomes))
        alive += taken * sum(outcomes) / len(outcomes)
        left -= taken
        if left <= 0 or isclose(left, 0, abs_tol=1e-9):
            break
    return alive / places


def quartile_range(values: Sequence[float]) -> float | None:
    """The inter-quartile range, with linear interpolation; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return _quantile(ordered, 0.75) - _quantile(ordered, 0.25)


def median(values: Sequence[float]) -> float | None:
    """The value in the middle; None without values."""
    return _quantile(sorted(values), 0.5) if values else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value at a share 0..1 of the sorted values, with linear interpolation; None without values."""
    return _quantile(sorted(values), share) if values else None


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None without values."""
    return sum(values) / len(values) if values else None


class Kept(NamedTuple):
    """One prediction: the confidence 0..1, whether the later score was within the bounds, and by how much it moved."""

    confidence: float
    within: bool
    moved: float


class Bin(NamedTuple):
    """The predictions of one range of confidence: their number, mean confidence, the share within bounds, and the mean
    move."""

    size: int
    confidence: float
    kept: float
    moved: float


def calibration(promises: Sequence[Kept]) -> tuple[Bin, ...]:
    """The predictions in up to `BINS` equally large bins, least confident first. Equal confidences share a bin."""
    ordered = sorted(promises, key=lambda promise: promise.confidence)
    edges: list[int] = [0]
    for number in range(1, BINS + 1):
        edge = max(number * len(ordered) // BINS, edges[-1])
        while 0 < edge < len(ordered) and ordered[edge].confidence == ordered[edge - 1].confidence:
            edge += 1
        edges.append(edge)
    pieces = (ordered[start:end] for start, end in pairwise(edges))
    return tuple(_bin(piece) for piece in pieces if piece)


def _bin(promises: Sequence[Kept]) -> Bin:
    count = len(promises)
    return Bin(
        count,
        sum(promise.confidence for promise in promises) / count,
        sum(promise.within for promise in promises) / count,
        sum(promise.moved for promise in promises) / count,
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
