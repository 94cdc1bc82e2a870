"""The options of `pnodes evaluate`, and the request that they make."""

import argparse
from pathlib import Path

from jobs.evaluate.command import Request
from jobs.evaluate.raters import RATERS, raters
from jobs.evaluate.run import Wish, horizons_of, moment_of
from jobs.simulate.months import DEFAULT_DAYS, DEFAULT_INTERVAL, DEFAULT_NODES
from jobs.simulate.months import Wish as MonthsWish


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `request_of` reads."""
    parser.add_argument("--from", dest="start", metavar="TIME", help="leave out what is older (2026-01-31, UTC)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="leave out what is newer")
    parser.add_argument("--split", metavar="TIME", help="where the test begins (after three fifths of the time)")
    parser.add_argument(
        "--policy", action="append", default=[], choices=sorted(RATERS), help="what to compare; repeat it (all)"
    )
    parser.add_argument("--horizon", metavar="LIST", help="how far ahead, such as 6h or 1d,7d,30d (those that fit)")
    parser.add_argument("--captures", type=Path, metavar="DIR", help="evaluate the recorded lists in DIR, in place")
    parser.add_argument(
        "--months",
        type=int,
        nargs="?",
        const=DEFAULT_DAYS,
        metavar="DAYS",
        help=f"evaluate simulated days with known truth ({DEFAULT_DAYS})",
    )
    parser.add_argument("--nodes", type=int, default=DEFAULT_NODES, help="with --months: nodes (%(default)s)")
    parser.add_argument(
        "--interval", type=int, default=DEFAULT_INTERVAL, help="with --months: seconds of a slot (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="with --months: the same number, the same months")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings to this file too")
    parser.add_argument("--docs", type=Path, metavar="DIR", help="write evaluation.md and its plots into this folder")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the stores (DATA_DIR)")


def request_of(options: argparse.Namespace) -> Request:
    """What the options ask for. Raises ValueError that names the option and its value."""
    months: MonthsWish | None = None
    if options.months is not None:
        months = MonthsWish(options.months, options.nodes, options.interval, options.seed)
        months.check()
    wish = Wish(
        raters=raters(options.policy),
        start=_moment("--from", options.start),
        end=_moment("--to", options.end),
        split=_moment("--split", options.split),
        horizons=horizons_of(options.horizon) if options.horizon is not None else None,
    )
    return Request(wish, options.captures, months, options.json, options.docs, options.data_dir)


def _moment(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return moment_of(text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None
