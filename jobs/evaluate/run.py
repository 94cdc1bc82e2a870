"""Runs an evaluation of a source with the requested options."""

import re
from typing import NamedTuple

from jobs.evaluate.evaluation import Evaluation
from jobs.evaluate.outcome import Outcome, Question
from jobs.evaluate.raters import Rater
from jobs.evaluate.sources import MonthsSource, Source, Span
from jobs.evaluate.truth import MonthsOracle
from schema.domain.base import DAY, HOUR, UnixSeconds, read_time, written

DEFAULT_HORIZONS = (DAY, 7 * DAY, 30 * DAY)
SPLIT_SHARE = 0.6
"""By default, the last two fifths of the time are the test part."""
MAX_HORIZONS = 8
_HORIZON = re.compile(r"(\d{1,4})([hd])")
_UNITS = {"h": HOUR, "d": DAY}


class Wish(NamedTuple):
    """What to evaluate. None: from the beginning, to the end, split at `SPLIT_SHARE`, the horizons that fit."""

    raters: tuple[Rater, ...]
    start: UnixSeconds | None = None
    end: UnixSeconds | None = None
    split: UnixSeconds | None = None
    horizons: tuple[int, ...] | None = None


class NothingThere(ValueError):
    """There are too few snapshots to evaluate. The message names the source."""


async def evaluate(source: Source, wish: Wish) -> Outcome:
    """Run an evaluation. Raises NothingThere, and ValueError for options that do not fit the source."""
    span = await source.span()
    if span is None:
        raise NothingThere(f"{source.name}: no snapshot is kept of that time")
    question = question_of(span, wish)
    oracle = MonthsOracle(source.months) if isinstance(source, MonthsSource) else None
    evaluation = Evaluation(source.name, question, wish.raters, oracle)
    async for snapshot in source.snapshots():
        evaluation.add(snapshot)
    return evaluation.outcome()


def question_of(span: Span, wish: Wish) -> Question:
    """The question for the time of a source. Raises ValueError if the options do not fit it."""
    start = max(span.start, wish.start if wish.start is not None else span.start)
    end = min(span.end, wish.end if wish.end is not None else span.end)
    if end - start < 2 * HOUR:
        raise NothingThere(f"there are {max(end - start, 0)} s of history; expected two hours at least")
    split = wish.split if wish.split is not None else start + int(SPLIT_SHARE * (end - start))
    if not start < split < end:
        raise ValueError(f"split={written(split)}: expected a time between {written(start)} and {written(end)}")
    return Question(start, end, split, wish.horizons or horizons_for(end - split))


def horizons_for(test_seconds: int) -> tuple[int, ...]:
    """The usual horizons that fit in the test part, else hours, the last of which is half of that part."""
    fitting = tuple(horizon for horizon in DEFAULT_HORIZONS if horizon < test_seconds)
    hours = max(test_seconds // 2 // HOUR, 1)
    return fitting or tuple(sorted({HOUR, hours * HOUR}))


def horizons_of(text: str) -> tuple[int, ...]:
    """`1d,7d,30d` or `6h` in seconds, ascending. Raises ValueError."""
    parts = text.split(",")
    found = [_HORIZON.fullmatch(part.strip()) for part in parts]
    if not 1 <= len(parts) <= MAX_HORIZONS or None in found:
        raise ValueError(f"horizon={text[:60]!r}: expected 1 to {MAX_HORIZONS} of them, such as 1d,7d,30d or 6h")
    seconds = {int(match[1]) * _UNITS[match[2]] for match in found if match is not None}
    if 0 in seconds:
        raise ValueError(f"horizon={text[:60]!r}: expected more than 0")
    return tuple(sorted(seconds))


def moment_of(text: str) -> UnixSeconds:
    """An ISO 8601 date or time (UTC if it names no zone) in unix seconds. Raises ValueError."""
    try:
        return int(read_time(text))
    except ValueError:
        raise ValueError(f"{text[:60]!r}: expected a date or time such as 2026-01-31 or 2026-01-31T12:00:00Z") from None
