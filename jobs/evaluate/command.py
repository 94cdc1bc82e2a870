"""Runs evaluations, and writes the results: JSON, the page of the documentation, and its plots."""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from jobs.evaluate import page
from jobs.evaluate.outcome import Outcome
from jobs.evaluate.run import Wish, evaluate
from jobs.evaluate.sources import CapturedSource, MonthsSource, Source
from jobs.simulate.months import Months
from jobs.simulate.months import Wish as MonthsWish
from schema.domain.words import counted

PAGE, FIGURES = "evaluation.md", "evaluation.json"
DIGITS = 4
MAX_FIGURES_BYTES = 16 * 2**20
_OUTCOMES = TypeAdapter(tuple[Outcome, ...])


class Request(NamedTuple):
    """What to evaluate, and where to write the results. Without captures and months, the store's history is
    evaluated."""

    wish: Wish
    captures: Path | None = None
    months: MonthsWish | None = None
    json: Path | None = None
    docs: Path | None = None
    data_dir: Path | None = None

    @property
    def needs_store(self) -> bool:
        return self.captures is None and self.months is None


def sources(request: Request) -> list[Source]:
    """The sources that need no store. Raises ValueError (BadRecording is one)."""
    found: list[Source] = []
    if request.months is not None:
        found.append(MonthsSource(Months(request.months)))
    if request.captures is not None:
        found.append(CapturedSource(request.captures))
    return found


async def run(request: Request, given: Sequence[Source], write: Callable[[str], None]) -> None:
    """Evaluate each source, print the results, and write the requested files. Raises ValueError and OSError."""
    check_outputs(request)
    outcomes = tuple([rounded(await evaluate(source, request.wish)) for source in given])
    for outcome in outcomes:
        for line in page.summary(outcome):
            write(line)
    if request.json is not None:
        request.json.write_bytes(encoded(outcomes))
    if request.docs is not None:
        write_docs(request.docs, outcomes)


def check_outputs(request: Request) -> None:
    """Raises OSError or ValueError if the results cannot be written. An evaluation takes minutes, so check first."""
    if request.json is not None:
        _check_file(request.json)
    if request.docs is not None:
        for name in (PAGE, FIGURES):
            _check_file(request.docs / name)
        read_figures(request.docs / FIGURES)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise _refused(errno.EISDIR, path)
    if path.exists() and not os.access(path, os.W_OK):
        raise _refused(errno.EACCES, path)
    if not path.parent.exists():
        raise _refused(errno.ENOENT, path)
    if not path.parent.is_dir():
        raise _refused(errno.ENOTDIR, path)
    if not path.exists() and not os.access(path.parent, os.W_OK | os.X_OK):
        raise _refused(errno.EACCES, path)


def _refused(reason: int, path: Path) -> OSError:
    return OSError(reason, os.strerror(reason), str(path))


def write_docs(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the page, its figures and its plots. An outcome that was not measured now is kept from the figures."""
    known = {outcome.name: outcome for outcome in read_figures(folder / FIGURES)}
    known.update((outcome.name, outcome) for outcome in outcomes)
    kept = tuple(known.values())
    (folder / FIGURES).write_bytes(encoded(kept))
    (folder / PAGE).write_text(page.page(kept), encoding="utf-8")
    (folder / page.IMAGES).mkdir(exist_ok=True)
    for name, svg in page.images(kept).items():
        (folder / page.IMAGES / name).write_text(svg, encoding="utf-8")


def read_figures(path: Path) -> tuple[Outcome, ...]:
    """The outcomes that were written before. Empty if there is no file. Raises ValueError for another kind of file."""
    if not path.exists():
        return ()
    if path.stat().st_size > MAX_FIGURES_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_FIGURES_BYTES} bytes")
    try:
        return _OUTCOMES.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(
            f"{path}: expected the figures of an evaluation ({counted(error.error_count(), 'fault')})"
        ) from None


def encoded(outcomes: Sequence[Outcome]) -> bytes:
    """The outcomes as a JSON array, with one line for each."""
    lines = [orjson.dumps(each) for each in _OUTCOMES.dump_python(tuple(outcomes), mode="json")]
    return b"[\n" + b",\n".join(lines) + b"\n]\n"


def rounded(outcome: Outcome) -> Outcome:
    """The outcome as it is written, with every figure to `DIGITS` decimals."""
    return _OUTCOMES.validate_python(_rounded(_OUTCOMES.dump_python((outcome,), mode="json")))[0]


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: _rounded(each) for name, each in fields.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in cast("Sequence[object]", value)]
    return value
