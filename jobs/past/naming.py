"""The names of keys in recorded lists: those of the protocol, unknown ones, and misspellings.

Dashboards save lists with their own names and units. An additional key is harmless. A key that replaces one of the
protocol's is not: `storageUsed` would be read as "not known", and an uptime in percent as seconds.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import cast

from jobs.prpc import fields

MAX_KEYS = 1_000
"""Distinct unknown keys that are counted. Further ones are ignored."""
MAX_NAMED = 10
MAX_KEY_CHARS = 40
MIN_UPTIMES = 5
"""With fewer uptimes than this, the unit cannot be determined: all of these pods may have just started."""
MAX_PERCENT = 100

_SEPARATORS = re.compile(r"[^0-9a-z]")


def unknown_keys(objects: Iterable[Mapping[str, object]], known: Iterable[str]) -> Counter[str]:
    """The keys that are not `known`, and how many objects have each."""
    names = frozenset(known)
    found: Counter[str] = Counter()
    for each in objects:
        for key in each.keys() - names:
            if key in found or len(found) < MAX_KEYS:
                found[key] += 1
    return found


def misspelt(objects: Iterable[Mapping[str, object]], unknown: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Unknown keys that are another spelling of a known key that no object has. Maps the spelling to the known key.

    Spellings differ in case and in word separators: `lastSeenTimestamp` and `last-seen-timestamp` are the same.
    """
    plain = {_plain(name): name for name in known}
    alike = {key: plain[spelling] for key in unknown if (spelling := _plain(key)) in plain}
    if not alike:
        return {}
    present = {name for each in objects for name in alike.values() if name in each}
    return {key: name for key, name in alike.items() if name not in present}


def named(keys: Mapping[str, object] | Iterable[str]) -> str:
    """The first ten keys as a short text that is safe to print."""
    names = list(keys)
    shown = ", ".join(_printable(name) for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def uptimes_look_like_percent(rows: Iterable[object]) -> bool | None:
    """True if the uptimes of a list cannot be seconds, None if they are unlikely to be seconds, False otherwise.

    Seconds are whole numbers, and it is rare that no pod of a list is older than 100 s.
    """
    uptimes = [
        value
        for row in rows
        if type(row) is dict and type(value := cast("dict[str, object]", row).get("uptime")) in {int, float}
    ]
    numbers = cast("list[int | float]", uptimes)
    if len(numbers) < MIN_UPTIMES or not all(0 <= number <= MAX_PERCENT for number in numbers):
        return False
    return True if any(fields.count(number) is None for number in numbers) else None


def _plain(key: str) -> str:
    return _SEPARATORS.sub("", key[:MAX_KEY_CHARS].lower())


def _printable(key: str) -> str:
    cut = key if len(key) <= MAX_KEY_CHARS else f"{key[:MAX_KEY_CHARS]}…"
    return cut if cut.isprintable() else repr(cut)[1:-1]
