"""Fail if a lock pins a release with a published advisory: `advisories.py` reads locks/ and pyproject.toml."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.version import Version

PINNED = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)
NAMED = re.compile(r"^[\w.-]+")

Advisories = Mapping[str, Mapping[str, str]]
"""For each package, the release that fixes an advisory, by the name of the advisory."""


def plain(name: str) -> str:
    """The normalised name, which is equal for all spellings."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> Iterator[tuple[str, Version]]:
    """The packages of a lock with their releases. A package has several if they depend on the platform."""
    for found in PINNED.finditer(lock):
        yield plain(found["name"]), Version(found["version"])


def affected(lock: str, advisories: Advisories) -> list[str]:
    """The releases that a lock pins despite an advisory, one line each."""
    return [
        f"{name} {pinned} has {advisory}: {fixed} or newer is needed"
        for name, pinned in pins(lock)
        for advisory, fixed in advisories.get(name, {}).items()
        if pinned < Version(fixed)
    ]


def unknown(dependencies: list[str], advisories: Advisories) -> list[str]:
    """The dependencies without a review of advisories, one line each."""
    names = [plain(found.group()) for each in dependencies if (found := NAMED.match(each))]
    return [f"{name} has no table in locks/advisories.toml" for name in names if name not in advisories]


def main() -> int:
    table = tomllib.loads(Path("locks/advisories.toml").read_text(encoding="utf-8"))
    advisories: Advisories = table["packages"]
    dependencies = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    locks = sorted(Path("locks").glob("*.txt"))
    found = unknown(dependencies, advisories)
    for lock in locks:
        found += [f"{lock}: {line}" for line in affected(lock.read_text(encoding="utf-8"), advisories)]
    for line in found:
        print(line)
    known = sum(map(len, advisories.values()))
    print(f"{len(locks)} locks against {known} advisories, looked for on {table['reviewed']}: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
