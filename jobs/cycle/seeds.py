"""The configured seeds: which of them can be polled, and warnings about the others."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from jobs.prpc.address import DEFAULT_PORT, Endpoint, Reach, Seed, parse_ip, parse_seed, reach_of
from jobs.prpc.dial import refusal
from server.config.networks import KNOWN_SEEDS
from server.settings import BadSettings, Settings

MAX_NAMED = 20

# Ports of a pod that do not serve pRPC, with their purpose.
OTHER_PORTS = {9001: "the gossip port", 5000: "the port of the data stream to Atlas"}


class Review(NamedTuple):
    """The result of checking the configured seeds without any network access. Each message names one seed.

    `malformed` cannot be parsed, `never` are never dialled, `odd` are dialled although they are probably a mistake.
    """

    seeds: tuple[Seed, ...]
    malformed: tuple[str, ...]
    never: tuple[str, ...]
    odd: tuple[str, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """The messages shown if the run continues, bounded in number."""
        return (*self.never, *self.odd)[:MAX_NAMED]


def review(texts: Iterable[str], *, allow_private: bool) -> Review:
    """Parse seeds as configured, in their order."""
    seeds: dict[Endpoint, Seed] = {}
    malformed: list[str] = []
    odd: list[str] = []
    for number, text in enumerate(texts, 1):
        try:
            seed = parse_seed(text)
        except ValueError as error:
            malformed.append(f"item {number}: {error}")
            continue
        first = seeds.setdefault(Endpoint(seed.host, seed.port), seed)
        if first is not seed:
            odd.append(f"seed {seed.name}: the same as {first.name}; it is polled once")
    distinct = tuple(seeds.values())
    odd += [remark for seed in distinct if (remark := wrong_port(seed)) is not None]
    return Review(distinct, tuple(malformed), tuple(_never_dialled(distinct, allow_private=allow_private)), tuple(odd))


def review_of(settings: Settings) -> Review:
    """The seeds of these settings. Raises BadSettings if there are none, or with one line for each invalid text."""
    if (missing := no_seeds(settings)) is not None:
        raise BadSettings((missing,))
    found = review(settings.ip_nodes, allow_private=settings.allow_private_seeds)
    if found.malformed:
        raise BadSettings(tuple(f"IP_NODES: {problem}" for problem in found.malformed[:MAX_NAMED]))
    return found


def no_seeds(settings: Settings) -> str | None:
    """The error if no seed is configured and none is known for the network, otherwise None."""
    if settings.ip_nodes:
        return None
    return f"NETWORK={settings.network}: it has no known seeds; expected one of {', '.join(KNOWN_SEEDS)}, or IP_NODES"


def seeds_of(settings: Settings) -> tuple[Seed, ...]:
    """The seeds to poll. Raises BadSettings for a text that cannot be a seed."""
    return review_of(settings).seeds


def wrong_port(seed: Seed) -> str | None:
    """A warning if a pod uses the seed's port for something else, otherwise None."""
    purpose = OTHER_PORTS.get(seed.port)
    if purpose is None:
        return None
    return f"seed {seed.name}: {seed.port} is {purpose}; pRPC answers on {DEFAULT_PORT}, so {seed.host} may be meant"


def _never_dialled(seeds: Iterable[Seed], *, allow_private: bool) -> Iterator[str]:
    for seed in seeds:
        if seed.named:
            continue
        ip = parse_ip(seed.host)
        why = refusal(ip, allow_private=allow_private)
        if why is not None:
            switch = " unless ALLOW_PRIVATE_SEEDS=true" if reach_of(ip) is Reach.PRIVATE else ""
            yield f"seed {seed.name} is never polled: {why}{switch}"
