"""How far the network has moved on from a version: the adoption of each release, by network."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from schema.domain.base import DAY, UnixSeconds
from schema.domain.estimate_policy import CurrencyPolicy
from schema.domain.scoring.standing import NODE_WEIGHT
from schema.domain.snapshot.record import Adopted
from schema.domain.versions import parse

Release = tuple[int, ...]

MAX_RELEASES = 32
OWN = ""
"""The network of releases, and of pre-releases that name no other one."""
_NAMES_A_NETWORK = re.compile(r"[a-z]*net(?:-[a-z0-9]+)?")


class Built(NamedTuple):
    """The network that a version is built for, and its numbers."""

    network: str
    release: Release


@lru_cache(maxsize=4_096)
def built_for(version: str | None, own: str = "") -> Built | None:
    """The build of a version. None if it does not parse.

    `0.8.0-trynet.2025…` is built for `trynet`, unless that is the monitored network (`own`).
    """
    parsed = parse(version)
    if parsed is None:
        return None
    name = (parsed.pre or "").partition(".")[0].lower()
    return Built(name if name != own.lower() and _NAMES_A_NETWORK.fullmatch(name) else OWN, parsed.release)


class Adoption:
    """The releases that the nodes run now, by network, with the weight of the nodes that run each."""

    def __init__(
        self, versions: Iterable[tuple[str | None, int]], rules: CurrencyPolicy, *, own: str = "", at: UnixSeconds = 0
    ) -> None:
        """`versions` are those of all nodes that count, each with its weight (`standing.weights`)."""
        weights: dict[str, dict[Release, int]] = {}
        for version, weight in versions:
            built = built_for(version, own)
            if built is not None:
                of_network = weights.setdefault(built.network, {})
                of_network[built.release] = of_network.get(built.release, 0) + weight
        self._rules = rules
        self._own = own
        self._at = at
        self._curves = {network: _Curve(of_network) for network, of_network in weights.items()}
        self._since: dict[tuple[str, Release], UnixSeconds | None] = {}

    def known_since(self, before: Sequence[Adopted] | None) -> tuple[Adopted, ...]:
        """The releases that have reached `lag_from` by now, and when. The result is kept for the next cycle.

        `before` is the result of the previous cycle, None if there was none: releases that have reached the share by
        then did so at an unknown time. The newest `MAX_RELEASES` are kept.
        """
        kept: Mapping[tuple[str, Release], Adopted] = {(each.network, each.release): each for each in before or ()}
        found = dict(kept)
        for network, curve in self._curves.items():
            if curve.total < self._rules.least_nodes * NODE_WEIGHT:
                continue
            for release in curve.releases:
                if (network, release) not in found and curve.from_(release) > self._rules.lag_from:
                    since = self._at if before is not None else None
                    found[network, release] = Adopted(network=network, release=release, since=since)
        newest = sorted(found.values(), key=lambda each: each.release, reverse=True)[:MAX_RELEASES]
        self._since = {(each.network, each.release): each.since for each in newest}
        return tuple(sorted(newest, key=lambda each: (each.network, each.release)))

    def newer_share(self, version: str | None) -> float | None:
        """The share (0..1) of the version's own network that runs a newer release. None if that is not known."""
        built = built_for(version, self._own)
        curve = self._curves.get(built.network) if built is not None else None
        if built is None or curve is None or curve.total < self._rules.least_nodes * NODE_WEIGHT:
            return None
        return curve.newer(built.release)

    def deadline(self, version: str | None) -> UnixSeconds | None:
        """When a node that runs this version has lost all points for its lag. None if it does not lag.

        It is `deadline_days` after a newer release reached `lag_from`; 0 if that was before monitoring began.
        """
        built = built_for(version, self._own)
        if built is None:
            return None
        passed = [
            since for (network, release), since in self._since.items()
            if network == built.network and release > built.release
        ]  # fmt: skip
        if not passed:
            return None
        return 0 if None in passed else min(since or 0 for since in passed) + int(self._rules.deadline_days * DAY)

    def share(self, version: str | None) -> float | None:
        """The share of its points that a version earns, 0..1. None if that is not known."""
        newer = self.newer_share(version)
        if newer is None:
            return None
        rules = self._rules
        lag = min(max((newer - rules.lag_from) / (rules.lag_full - rules.lag_from), 0.0), 1.0)
        if not lag:
            return 1.0
        deadline = self.deadline(version)
        left = max(0.0, deadline - self._at) / (rules.deadline_days * DAY) if deadline is not None else 0.0
        return 1.0 - lag * (1.0 - min(left, 1.0))


class _Curve:
    """The sorted releases of one network, and the weight of the nodes that run each of them or a newer one."""

    def __init__(self, weights: Mapping[Release, int]) -> None:
        self.releases = sorted(weights)
        self._at_least = [0] * (len(self.releases) + 1)
        for place in range(len(self.releases) - 1, -1, -1):
            self._at_least[place] = self._at_least[place + 1] + weights[self.releases[place]]
        self.total = self._at_least[0]

    def newer(self, release: Release) -> float:
        """The share that runs a newer release."""
        return self._at_least[bisect_right(self.releases, release)] / self.total

    def from_(self, release: Release) -> float:
        """The share that runs this release or a newer one."""
        return self._at_least[bisect_right(self.releases, release) - 1] / self.total
