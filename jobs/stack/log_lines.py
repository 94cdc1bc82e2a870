"""Summarizes the log lines of a child for people who only see the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson

from server.process.masking import mask_credentials

LOUD = frozenset({"warning", "error", "critical"})
MAX_CHARS = 300


def short(line: Mapping[str, Any]) -> str:
    """An event with its most informative fields."""
    detail = line.get("error") or str(line.get("exception", "")).rpartition("\n")[2]
    if "reason" in line:
        detail = f"{line['reason']} ({detail})" if detail else line["reason"]
    return f"{line.get('event')}{f': {detail}' if detail else ''}"[:MAX_CHARS]


def last_words(lines: Iterable[str]) -> str:
    """The last line that may explain why a program has ended, without passwords. Empty if there is none.

    Events that only report progress explain nothing. Any other line may, such as the end of a traceback.
    """
    for line in reversed(list(lines)):
        event = _event(line)
        if event is None:
            if line.strip():
                return mask_credentials(line.strip())[:MAX_CHARS]
        elif event.get("level") in LOUD:
            return short(event)
    return ""


def _event(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        return cast("dict[str, Any]", orjson.loads(line))
    except orjson.JSONDecodeError:
        return None
