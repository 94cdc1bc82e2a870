"""The instructions of a Dockerfile, and the files that it may copy."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction, with continued lines joined."""

    name: str
    text: str


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, in order, without comments."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [Instruction(*line.split(" ", 1)) for line in joined]


class Ignored:
    """The rules of a .dockerignore: the last one that fits a path, or a folder above it, decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._rules = [
            (not line.startswith("!"), _pattern(line.lstrip("!"))) for line in lines if line and line[0] != "#"
        ]

    def __contains__(self, path: str) -> bool:
        """Whether the file at this path, relative to the context, is left out."""
        parts = Path(path).parts
        places = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        out = False
        for excludes, pattern in self._rules:
            if any(map(pattern.fullmatch, places)):
                out = excludes
        return out


def context(files: Sequence[str], ignored: Ignored) -> list[str]:
    """The files that a build may copy."""
    return [each for each in files if each not in ignored]


def _pattern(line: str) -> re.Pattern[str]:
    """Go's `filepath.Match`, with `**` for any number of folders."""
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", line.strip("/"))
    known = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(piece, re.escape(piece)) for piece in pieces))
