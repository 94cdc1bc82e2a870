"""Problems that an import found in its files: dropped rows and values, ignored keys, and doubtful units."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from jobs.past import naming
from jobs.past.recording import Recording
from schema.domain.node.observation import SeedReply
from schema.domain.words import counted

MAX_FILES = 20
"""Files that are reported individually. Further ones are counted together."""

_ROW = "pod:"
_FIELD = "field:"


class FileFinding(NamedTuple):
    """What was dropped from one file: counts by `pod:REASON` and `field:NAME`, as for live answers."""

    path: Path
    rows: int
    dropped: Mapping[str, int]
    warning: str | None = None


class Findings(NamedTuple):
    """The files with problems, at most `MAX_FILES` of `odd`. `dropped` and `ignored` cover all files."""

    files: tuple[FileFinding, ...] = ()
    odd: int = 0
    dropped: Mapping[str, int] = {}
    ignored: Mapping[str, int] = {}

    def adding(self, path: Path, recording: Recording, reply: SeedReply) -> Self:
        """Add the findings of one more file."""
        ignored = dict(self.ignored)
        for key, count in recording.ignored.items():
            if key in ignored or len(ignored) < naming.MAX_KEYS:
                ignored[key] = ignored.get(key, 0) + count
        if not reply.dropped and recording.warning is None:
            return self._replace(ignored=ignored)
        finding = FileFinding(path, len(recording.rows), reply.dropped, recording.warning)
        return self._replace(
            files=(*self.files, finding)[:MAX_FILES],
            odd=self.odd + 1,
            dropped=dict(Counter(self.dropped) + Counter(reply.dropped)),
            ignored=ignored,
        )

    def lines(self) -> Iterator[str]:
        """The findings as lines of text."""
        for finding in self.files:
            if finding.warning is not None:
                yield f"{finding.path}: {finding.warning}"
            if finding.dropped:
                yield f"{finding.path}: {_left_out(finding.dropped)}, of {finding.rows} in the list"
        if self.odd > len(self.files):
            yield f"{counted(self.odd - len(self.files), 'more file')} had such rows or values; in all files: {_left_out(self.dropped)}"
        if self.ignored:
            yield f"ignored keys, which no pod sends: {naming.named(sorted(self.ignored))}"


def _left_out(dropped: Mapping[str, int]) -> str:
    rows = {name.removeprefix(_ROW): count for name, count in dropped.items() if name.startswith(_ROW)}
    values = {name.removeprefix(_FIELD): count for name, count in dropped.items() if name.startswith(_FIELD)}
    parts = [_counted(rows, "row", "left out"), _counted(values, "value", "taken as not known")]
    return "; ".join(part for part in parts if part)


def _counted(counts: Mapping[str, int], noun: str, fate: str) -> str:
    total = sum(counts.values())
    if not total:
        return ""
    reasons = ", ".join(
        f"{name.replace('_', ' ') if noun == 'row' else name} {count}" for name, count in counts.items()
    )
    return f"{counted(total, noun)} {fate} ({reasons})"
