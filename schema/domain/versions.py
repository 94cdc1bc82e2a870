"""Versions as pods report them: `[v]MAJOR.MINOR[.PATCH][-pre][+build]`. Extra numeric parts are accepted.

Real values look like `0.8.0` and `0.7.3-trynet.20251210055354.57fd475`. Peers that were never contacted report
`unknown`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

# Versions are untrusted input. The text is bounded before the regular expression runs, and the numbers are bounded so
# that the distance between any two fits a 32-bit integer.
MAX_LENGTH = 64
_NUMBERS = r"[vV]?(\d{1,6}\.\d{1,6}(?:\.\d{1,18}){0,6})"
_FORM = re.compile(_NUMBERS + r"(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?", re.ASCII)

OrderKey = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


class Version(NamedTuple):
    """A parsed version. `release` has no trailing zeros beyond MINOR, so 0.8 and 0.8.0 are the same release."""

    release: tuple[int, ...]
    pre: str | None = None
    build: str | None = None

    @property
    def major(self) -> int:
        return self.release[0]

    @property
    def minor(self) -> int:
        return self.release[1]

    @property
    def base(self) -> str:
        """The release as text, with at least three numbers: `0.8.0` for `v0.8-trynet.1`."""
        return ".".join(map(str, self.release + (0,) * (3 - len(self.release))))

    @property
    def order(self) -> OrderKey:
        """The sort key: by numbers, with a pre-release below its release, and pre-releases ordered as in semver."""
        pre = tuple(_identifier(part) for part in self.pre.split(".")) if self.pre is not None else ()
        return self.release, self.pre is None, pre


class Compliance(StrEnum):
    """How a version compares with the latest release.

    LATEST: the latest release, a newer one, or a pre-release or build of it. BEHIND: older by at most one minor
    release. OUTDATED: older than that. UNKNOWN: the version does not parse, or the latest release is not known.
    """

    LATEST = "LATEST"
    BEHIND = "BEHIND"
    OUTDATED = "OUTDATED"
    UNKNOWN = "UNKNOWN"


def _identifier(part: str) -> tuple[bool, int, str]:
    """Semver precedence of one dotted part: numbers compare by value and sort below words."""
    return (False, int(part), "") if part.isdigit() else (True, 0, part)


@lru_cache(maxsize=4096)
def parse(text: str | None) -> Version | None:
    """Parse `text`. Returns None if it is None, longer than 64 characters, or not a version."""
    match = _FORM.fullmatch(text) if text is not None and len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    while numbers[2:] and numbers[-1] == 0:  # MAJOR and MINOR are always kept
        numbers.pop()
    return Version(tuple(numbers), match[2], match[3])


def sort_key(text: str | None) -> tuple[bool, OrderKey, bool, str]:
    """A total order over all reported values: None first, then texts that do not parse, then versions."""
    version = parse(text)
    order: OrderKey = version.order if version else ((), False, ())
    return version is not None, order, text is not None, text or ""


def versions_behind(version: str | None, latest: str | None) -> int | None:
    """How many minor releases `version` is older than `latest`: 0 if it is not older, None if either is not known.

    Same major: the difference of the minors. Older major: 10·Δmajor + latest minor − min(minor, 9). A major counts as
    ten minors, and a minor above nine does not make up for an older major. Patch, pre-release and build do not count.
    """
    ours, newest = parse(version), parse(latest)
    if ours is None or newest is None:
        return None
    if ours.major < newest.major:
        return 10 * (newest.major - ours.major) + newest.minor - min(ours.minor, 9)
    return max(0, newest.minor - ours.minor) if ours.major == newest.major else 0


def compliance(version: str | None, latest: str | None) -> Compliance:
    """Compare `version` with the release `latest`."""
    ours, newest, behind = parse(version), parse(latest), versions_behind(version, latest)
    if ours is None or newest is None or behind is None:
        return Compliance.UNKNOWN
    if ours.release >= newest.release:
        return Compliance.LATEST
    return Compliance.BEHIND if behind <= 1 else Compliance.OUTDATED


def latest_release(
    online_versions: Iterable[str | None], *, min_share: float = 0.05, override: str | None = None
) -> tuple[str | None, str]:
    """Find the latest release. Returns it with its source: "network", "override" or "none" (the release is then None).

    `online_versions` has one entry for each online node, None if its version is not known. The latest release is the
    highest one that at least `min_share` (0..1) of these nodes run, so a single node cannot set it. A build counts as
    its release. A pre-release counts only if no release reaches the share; otherwise a test build would make the rest
    of the network look outdated. An `override` that does not parse is ignored; settings refuse it earlier.
    """
    chosen = parse(override)
    if chosen is not None:
        return chosen.base, "override"
    reported = list(online_versions)
    versions = [version for version in map(parse, reported) if version is not None]
    needed = min_share * len(reported)
    for admitted in ([version for version in versions if version.pre is None], versions):
        counts = Counter(version.release for version in admitted)
        common = [release for release, count in counts.items() if count >= needed]
        if common:
            return Version(max(common)).base, "network"
    return None, "none"
