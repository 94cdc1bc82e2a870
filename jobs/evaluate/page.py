"""The report: `docs/evaluation.md`, and its plots. A pure function of outcomes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from jobs.evaluate import plots
from jobs.evaluate.bars import bars
from jobs.evaluate.measures import SURVIVES_FROM
from jobs.evaluate.outcome import Outcome, Part
from jobs.evaluate.plots import Series
from jobs.evaluate.raters import CONDEMNED_BELOW, RATERS
from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.words import counted

IMAGES = "images"
_MARKS = {True: "yes", False: "**no**", None: "not known"}


def page(outcomes: Sequence[Outcome]) -> str:
    """The report in Markdown."""
    return "\n".join([*_head(), *(line for outcome in outcomes for line in _section(outcome))])


def images(outcomes: Sequence[Outcome]) -> Mapping[str, str]:
    """The plots of the report, SVG by the name of the file."""
    return {name: svg for outcome in outcomes for name, svg in _images(outcome)}


def summary(outcome: Outcome) -> Iterator[str]:
    """The results of the test part, for a terminal."""
    what = f"{counted(outcome.snapshots, 'snapshot')}, {counted(outcome.nodes, 'node')}"
    yield f"{outcome.name}: {what}, {_range(outcome.start, outcome.end)}"
    yield from _orderings(outcome.parts[-1])
    yield from _condemning(outcome.parts[-1])
    for name in RATERS:
        for bar in bars(outcome, name) if name == next(iter(RATERS)) else ():
            yield f"{name}: {bar.wanted}: {_MARKS[bar.reached]} ({bar.found})"


def _head() -> Iterator[str]:
    yield "# How well the scores distinguish nodes"
    yield ""
    yield "<!-- Written by `make evaluation` from docs/evaluation.json. Do not edit. -->"
    yield ""
    yield "A score predicts that the better node will be available more. This page measures the prediction out of sample. At a"
    yield "time t, each rater scores every live node from the data up to t. Later, the same nodes are compared by their"
    yield "availability in the horizon after t. The constants of policy 2.0 were chosen on other simulated months, with the seeds"
    yield "11, 12 and 14, and no constant was changed after seeing these months. Only one rule was: among equal ranks, the best"
    yield "tenth is chosen by the expected loss, as in recommendations. The time is split nevertheless, and the figures below are"
    yield "those of the last part (test), unless stated otherwise."
    yield ""
    yield "`pnodes evaluate` measures the history of a store in the same way, and `make evaluation` writes this page."
    yield ""
    yield "| rater | description |"
    yield "|---|---|"
    yield from (f"| `{rater.name}` | {rater.says} |" for rater in RATERS.values())
    yield ""
    yield "- *Rank correlation* is Spearman's coefficient of scores and subsequent availability, averaged over the days."
    yield "  Policy 2.0 is ordered by its published rank; sound nodes share the first one. In the best tenth, nodes of equal rank"
    yield "  are ordered by their expected loss, as in recommendations."
    yield "- *Concordance*: among pairs of nodes whose availability differs by a point or more, how often the better one had the"
    yield "  better score; a tie counts half. Most nodes tie in score and outcome, which increases a rank correlation, but not"
    yield "  the concordance."
    yield f"- *Survival of the best tenth*: the share of the best-scored tenth that is available ≥ {SURVIVES_FROM:.0%} of the horizon."
    yield "- *Wrongly condemned*: HIGH_RISK verdicts on sound nodes that were up all day. The simple raters have no tiers;"
    yield f"  they condemn below {CONDEMNED_BELOW:.0f} % of availability, and `claimed` never condemns."
    yield "- *Time to condemn*: from the death of a node until it is no longer online, or HIGH_RISK. It is 0 if that was before."
    yield "- *Volatility*: the change of a node's score from one day to the next, in points."
    yield "- *Calibration*: how often a later score is within the bounds that were published with the earlier one. The bounds"
    yield "  describe the uncertainty of the estimate at that time, not later changes of the node."
    yield ""


def _section(outcome: Outcome) -> Iterator[str]:
    test, train = outcome.parts[-1], outcome.parts[0]
    yield f"## {outcome.name[0].upper()}{outcome.name[1:]}"
    yield ""
    known = "known" if outcome.truth else "not known; later observations are used instead"
    what = f"{counted(outcome.snapshots, 'snapshot')} of {counted(outcome.nodes, 'node')}"
    yield f"{what}, {_range(outcome.start, outcome.end)}; the split is at"
    yield f"{_written(outcome.split)}. The true character of each node is {known}."
    yield ""
    yield from _bars(outcome)
    yield "### Order"
    yield ""
    yield from _orderings(test)
    yield ""
    yield f"The same before the split ({counted(train.cohorts, 'cohort')}), when less was known about the nodes:"
    yield ""
    yield from _orderings(train)
    yield ""
    yield "### Spread and volatility"
    yield ""
    yield from _spreads(test, outcome.cadence)
    yield ""
    yield "### Condemning"
    yield ""
    yield from _condemning(test)
    yield ""
    yield from _by_character(test)
    yield from _calibrations(test)
    for name, svg in _images(outcome):
        title = svg.partition("<title>")[2].partition("</title>")[0]
        yield f"![{title}]({IMAGES}/{name})"
        yield ""


def _bars(outcome: Outcome) -> Iterator[str]:
    newest = newest_policy(outcome)
    wanted = bars(outcome, newest)
    if wanted:
        yield f"| requirement for policy {newest} | result | reached |"
        yield "|---|---|---|"
        yield from (f"| {bar.wanted} | {bar.found} | {_MARKS[bar.reached]} |" for bar in wanted)
        yield ""


def newest_policy(outcome: Outcome) -> str:
    """The rater whose requirements are shown: the first in the list, which begins with the newest policy."""
    return outcome.parts[-1].spreads[0].rater


def _orderings(part: Part) -> Iterator[str]:
    yield "| horizon | rater | rank correlation | concordance | survival of the best tenth | of all | cohorts |"
    yield "|---|---|---|---|---|---|---|"
    for each in part.orderings:
        figures = (each.spearman, each.concordance, each.survival, each.all_survival)
        cells = " | ".join(_number(figure, 3) for figure in figures)
        yield f"| {_length(each.horizon)} | `{each.rater}` | {cells} | {each.cohorts} |"


def _spreads(part: Part, cadence: int) -> Iterator[str]:
    yield (
        f"| rater | median | inter-quartile range | tiers | moves in {_length(cadence)}: mean | 95th percentile"
        " | mean of sound nodes |"
    )
    yield "|---|---|---|---|---|---|---|"
    for spread, moves in zip(part.spreads, part.steadiness, strict=True):
        tiers = ", ".join(f"{tier} {share:.0%}" for tier, share in spread.tiers.items() if tier != "UNKNOWN") or "none"
        numbers = (_number(figure, 2) for figure in (moves.mean, moves.p95, moves.sound_mean))
        yield (
            f"| `{spread.rater}` | {_number(spread.median, 1)} | {_number(spread.quartile_range, 1)} | {tiers} | "
            f"{' | '.join(numbers)} |"
        )


def _condemning(part: Part) -> Iterator[str]:
    yield "| rater | wrongly condemned | of sound verdicts | dead nodes | foreseen | never | median h | most h |"
    yield "|---|---|---|---|---|---|---|---|"
    for each in part.condemning:
        share = f"{each.wrong / each.sound:.2%}" if each.sound else "–"
        hours = f"{_number(each.median_hours, 1)} | {_number(each.max_hours, 1)}"
        yield f"| `{each.rater}` | {share} | {each.sound} | {each.dead} | {each.foreseen} | {each.missed} | {hours} |"


def _by_character(part: Part) -> Iterator[str]:
    characters = sorted({name for each in part.condemning for name in each.by_character})
    if characters:
        yield "Share of condemning verdicts on online nodes, by the true character of the node:"
        yield ""
        yield f"| rater | {' | '.join(characters)} |"
        yield f"|---|{'---|' * len(characters)}"
        for each in part.condemning:
            yield f"| `{each.rater}` | {' | '.join(f'{each.by_character.get(name, 0):.0%}' for name in characters)} |"
        yield ""


def _calibrations(part: Part) -> Iterator[str]:
    if not part.calibrations:
        return
    yield "### Calibration of the bounds"
    yield ""
    yield "Nodes in five equal groups by confidence, the least confident first."
    yield ""
    yield "| rater | horizon | nodes | mean confidence | later score within the bounds | mean move |"
    yield "|---|---|---|---|---|---|"
    for each in part.calibrations:
        for group in each.bins:
            yield (
                f"| `{each.rater}` | {_length(each.horizon)} | {group.size} | {group.confidence:.3f} | {group.kept:.1%}"
                f" | {group.moved:.2f} |"
            )
    yield ""


def _images(outcome: Outcome) -> Iterator[tuple[str, str]]:
    test, prefix = outcome.parts[-1], f"evaluation-{outcome.name.replace(' ', '-')}"
    names = [each.rater for each in test.spreads]
    horizons = [_length(horizon) for horizon in outcome.horizons]
    for measure, title in (("spearman", "rank correlation"), ("survival", "survival of the best tenth")):
        series = [Series(n, [getattr(each, measure) for each in test.orderings if each.rater == n]) for n in names]
        low = min(0.0, *(value for each in series for value in each.values if value is not None), 0.0)
        yield f"{prefix}-{measure}.svg", plots.bars(f"{outcome.name}: {title}", horizons, series, low=low)
    spread = [Series(each.rater, each.histogram) for each in test.spreads if each.median is not None]
    yield (
        f"{prefix}-spread.svg",
        plots.histogram(f"{outcome.name}: share of live nodes by points", spread, first="0", last="100"),
    )
    for course in outcome.courses[:1]:
        series = [Series(name, values) for name, values in course.points.items()]
        ends = {"first": _written(course.at[0]), "last": _written(course.at[-1])} if course.at else None
        if ends is not None:
            title = f"{outcome.name}: mean points of {course.rater} by character"
            yield f"{prefix}-course.svg", plots.lines(title, series, low=0, high=100, **ends)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _length(seconds: int) -> str:
    return f"{seconds // DAY} d" if seconds % DAY == 0 else f"{seconds / HOUR:g} h"


def _written(at: UnixSeconds) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _range(start: UnixSeconds, end: UnixSeconds) -> str:
    return f"{_written(start)} to {_written(end)} UTC"
