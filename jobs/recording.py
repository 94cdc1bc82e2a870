"""Recorded pod lists: files that hold what one seed listed at one time.

Read by the replay (`pnodes up --replay`) and by the import of old lists. Three shapes are known: the wrapper
`{"updatedAt": TIME, "nodes": [...]}` of dashboards, optionally with the `seed` that was asked; a raw get-pods or
get-pods-with-stats reply; and the bare list.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

MAX_FILE_BYTES = 64 * 2**20
MAX_FILES = 50_000
MAX_PODS = 250_000
MAX_SEED_CHARS = 255
STATS_KEYS = frozenset(
    ("is_public", "rpc_port", "storage_committed", "storage_usage_percent", "storage_used", "uptime")
)
POD_KEYS = STATS_KEYS | {"address", "last_seen", "last_seen_timestamp", "pubkey", "version"}
"""What a pod itself says; keys that dashboards add (`pod_credits`) are not passed on."""

_STAMP = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[-:]?(\d\d)[-:]?(\d\d)(?!\d)")
_MAX_SECONDS = 2**32  # year 2106; larger numbers are milliseconds
_SHAPES = 'expected {"updatedAt": TIME, "nodes": [...]}, a get-pods or get-pods-with-stats reply, or a list of pods'

Pod = dict[str, Any]


class BadRecording(ValueError):
    """A file is not a recorded list; the message names the file, what was found, and what was expected."""


class Recording(NamedTuple):
    """One recorded list.

    `taken_at` is in unix seconds, `seed` the seed that was asked (None where the file does not say). `pods` hold the
    protocol's own keys, their values as recorded, unchecked.
    """

    taken_at: float
    seed: str | None
    pods: list[Pod]

    @property
    def has_stats(self) -> bool:
        """Whether the list came from get-pods-with-stats."""
        return any(not STATS_KEYS.isdisjoint(pod) for pod in self.pods)


def recording_files(path: Path) -> tuple[Path, ...]:
    """The `*.json` files of a folder, by name; or the one file. Raises BadRecording where there is none, or too many."""
    if path.is_file():
        return (path,)
    if not path.is_dir():
        raise BadRecording(f"{path}: no such file or folder; expected a folder of recorded lists (*.json)")
    files = tuple(sorted(entry for entry in path.glob("*.json") if entry.is_file()))
    if not 0 < len(files) <= MAX_FILES:
        raise BadRecording(f"{path}: found {len(files)} *.json files; expected 1 to {MAX_FILES} recorded lists")
    return files


def read_recording(path: Path) -> Recording:
    """The recorded list in a file.

    Its time is `updatedAt`, else the date and time in the file's name, else the newest last_seen_timestamp in it.
    Raises BadRecording for what is no such list, and for files over the bounds.
    """
    document = _load(path)
    pods = _pods(path, _list_in(path, document))
    fields = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    return Recording(_taken_at(path, fields, pods), _seed(path, fields), pods)


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


def _pods(path: Path, entries: list[object]) -> list[Pod]:
    if len(entries) > MAX_PODS:
        raise BadRecording(f"{path}: {len(entries)} pods; expected at most {MAX_PODS}")
    return list(_known_keys(path, entries))


def _known_keys(path: Path, entries: list[object]) -> Iterator[Pod]:
    for index, entry in enumerate(entries):
        pod = cast("Pod", entry) if isinstance(entry, dict) else {}
        if "address" not in pod:
            found = f"an object with the keys {[*pod][:10]}" if pod else f"{entry!r:.60}"
            raise BadRecording(f"{path}: entry {index} is {found:.200}; expected a pod, an object with an address")
        yield {key: value for key, value in pod.items() if key in POD_KEYS}


def _seed(path: Path, fields: dict[str, Any]) -> str | None:
    seed = fields.get("seed")
    if seed is None:
        return None
    if not isinstance(seed, str) or not 0 < len(seed) <= MAX_SEED_CHARS:
        raise BadRecording(f"{path}: seed is {str(seed)[:60]!r}; expected HOST or HOST:PORT")
    return seed


def _taken_at(path: Path, fields: dict[str, Any], pods: list[Pod]) -> float:
    if fields.get("updatedAt") is not None:
        return _moment(path, fields["updatedAt"])
    named = _named_time(path.stem)
    if named is not None:
        return named
    seen = [stamp for pod in pods if type(stamp := pod.get("last_seen_timestamp")) is int and 0 < stamp < _MAX_SECONDS]
    if not seen:
        raise BadRecording(
            f"{path}: says nowhere when it was taken; expected updatedAt, a date and time in the file's name"
            " (20260131T235959), or a last_seen_timestamp"
        )
    return float(max(seen))


def _moment(path: Path, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        seconds = value if value < _MAX_SECONDS else value / 1000
        if seconds < _MAX_SECONDS:
            return float(seconds)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
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
