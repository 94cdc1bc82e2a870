"""Recorded pod lists: files with the list that one seed returned at one time.

The replay (`pnodes up --replay`) and the import of old lists read them. Three formats are supported: the wrapper
`{"updatedAt": TIME, "nodes": [...]}` of dashboards, optionally with the `seed` that returned it; a raw get-pods or
get-pods-with-stats reply; and the bare list. docs/history.md documents them.

A file is refused if it is not a list, or if its names or units are not the protocol's. `jobs.prpc.wire` validates the
rows, as it does for live answers.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, cast

import orjson

from jobs.past import naming
from jobs.prpc import fields as values
from schema.domain.base import read_time

MAX_FILE_BYTES = 64 * 2**20
MAX_FILES = 50_000
MAX_SEED_CHARS = 255
STATS_KEYS = frozenset(
    ("is_public", "rpc_port", "storage_committed", "storage_usage_percent", "storage_used", "uptime")
)
POD_KEYS = STATS_KEYS | {"address", "last_seen", "last_seen_timestamp", "pubkey", "version"}
"""The keys that pods themselves send. Keys that dashboards add (`pod_credits`) are ignored."""
WRAPPER_KEYS = frozenset(
    ("count", "error", "id", "jsonrpc", "nodes", "pods", "result", "seed", "total_count", "updatedAt")
)

_STAMP = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[-:]?(\d\d)[-:]?(\d\d)(?!\d)")
_MAX_SECONDS = 2**32  # year 2106; larger numbers are milliseconds
_SHAPES = 'expected {"updatedAt": TIME, "nodes": [...]}, a get-pods or get-pods-with-stats reply, or a list of pods'


class BadRecording(ValueError):
    """A file is not a recorded list. The message names the file, what was found, and what was expected."""


class Recording(NamedTuple):
    """One recorded list.

    `taken_at` is in unix seconds, `seed` the seed that returned the list (None if the file does not name it). `rows`
    are the recorded JSON values, not validated. `ignored` are the unknown keys of the file, with the number of rows
    that have each. `warning` describes a problem of the list as a whole.
    """

    taken_at: float
    seed: str | None
    rows: list[object]
    ignored: Mapping[str, int] = {}
    warning: str | None = None

    @property
    def has_stats(self) -> bool:
        """Whether the list came from get-pods-with-stats."""
        return any(not STATS_KEYS.isdisjoint(row) for row in _objects(self.rows))


def recording_files(path: Path) -> tuple[Path, ...]:
    """The `*.json` files of a folder, by name, or the single file. Raises BadRecording for none or too many."""
    if path.is_file():
        return (path,)
    if not path.is_dir():
        raise BadRecording(f"{path}: no such file or folder; expected a folder of recorded lists (*.json)")
    files = tuple(sorted(entry for entry in path.glob("*.json") if entry.is_file()))
    if not 0 < len(files) <= MAX_FILES:
        raise BadRecording(f"{path}: found {len(files)} *.json files; expected 1 to {MAX_FILES} recorded lists")
    return files


def read_recording(path: Path) -> Recording:
    """Read the recorded list in a file.

    Its time is `updatedAt`, otherwise the date and time in the file's name, otherwise its newest last_seen_timestamp.
    Raises BadRecording if the file is not a list or exceeds the bounds.
    """
    document = _load(path)
    rows = _list_in(path, document)
    fields = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    wrapper = _checked_names(path, [fields], WRAPPER_KEYS)
    ignored = wrapper + _checked_names(path, _objects(rows), POD_KEYS)
    return Recording(_taken_at(path, fields, rows), _seed(path, fields), rows, ignored, _unit_warning(path, rows))


def _checked_names(path: Path, objects: list[dict[str, object]], known: frozenset[str]) -> Counter[str]:
    """The unknown keys. Raises BadRecording if one replaces a protocol key that every row lacks."""
    unknown = naming.unknown_keys(objects, known)
    wrong = naming.misspelt(objects, unknown, known)
    if wrong:
        raise BadRecording(
            f"{path}: the names of these keys are not those of the protocol: {naming.named(wrong)};"
            f" expected {naming.named(dict.fromkeys(wrong.values()))}"
        )
    return unknown


def _unit_warning(path: Path, rows: list[object]) -> str | None:
    match naming.uptimes_look_like_percent(rows):
        case True:
            raise BadRecording(f"{path}: every uptime is from 0 to 100, with fractions; expected seconds, not percent")
        case None:
            return "every uptime is from 0 to 100; they are taken as seconds, not as percent"
        case False:
            return None


def _objects(rows: list[object]) -> list[dict[str, object]]:
    return [cast("dict[str, object]", row) for row in rows if type(row) is dict]


def _load(path: Path) -> object:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BadRecording(f"{path}: {size} bytes; expected at most {MAX_FILE_BYTES}")
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise BadRecording(f"{path}: cannot be read ({error.strerror}); {_SHAPES}") from error
    except orjson.JSONDecodeError as error:
        raise BadRecording(f"{path}: not JSON ({error}); {_SHAPES}") from error


def _list_in(path: Path, document: object) -> list[object]:
    if isinstance(document, list):
        return cast("list[object]", document)
    if not isinstance(document, dict):
        raise BadRecording(f"{path}: found a {type(document).__name__}; {_SHAPES}")
    fields = cast("dict[str, object]", document)
    if fields.get("error") is not None:
        raise BadRecording(f"{path}: found an error reply ({str(fields['error'])[:100]}); {_SHAPES}")
    result = fields.get("result", fields)
    if isinstance(result, dict):
        holder = cast("dict[str, object]", result)
        found = holder.get("pods", holder.get("nodes"))
        if isinstance(found, list):
            return cast("list[object]", found)
    keys = ", ".join(sorted(fields)[:10])
    raise BadRecording(f"{path}: found an object with the keys {keys[:200] or '(none)'}; {_SHAPES}")


def _seed(path: Path, fields: dict[str, object]) -> str | None:
    seed = fields.get("seed")
    if seed is None:
        return None
    if not isinstance(seed, str) or not 0 < len(seed) <= MAX_SEED_CHARS:
        raise BadRecording(f"{path}: seed is {str(seed)[:60]!r}; expected HOST or HOST:PORT")
    return seed


def _taken_at(path: Path, fields: dict[str, object], rows: list[object]) -> float:
    if fields.get("updatedAt") is not None:
        return _moment(path, fields["updatedAt"])
    named = _named_time(path.stem)
    if named is not None:
        return named
    stamps = [values.unix_seconds(row.get("last_seen_timestamp")) for row in _objects(rows)]
    seen = [stamp for stamp in stamps if stamp is not None and stamp < _MAX_SECONDS]
    if not seen:
        raise BadRecording(
            f"{path}: has no time; expected updatedAt, a date and time in the file's name"
            " (20260131T235959), or a last_seen_timestamp"
        )
    return float(max(seen))


def _moment(path: Path, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        seconds = value if value < _MAX_SECONDS else value / 1000
        if seconds < _MAX_SECONDS:
            return float(seconds)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return read_time(value)
    raise BadRecording(f"{path}: updatedAt is {str(value)[:60]!r}; expected an ISO 8601 time or unix seconds")


def _named_time(name: str) -> float | None:
    match = _STAMP.search(name)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
