"""Simulated months: the domain's own cycles over nodes with known behaviour, without real time passing.

Nothing is dialled and nothing waits. In each slot, every seed produces its list, and the slot passes through the same
`identify` and `advance` as live answers. A node that is down is still listed for hours or days, like real ghosts: its
uptime is frozen, and its contact is reset every hour. Occasionally a seed, or the collector itself, is down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jobs.simulate import params
from jobs.simulate.character import SHARES, Character, Course, Release, course
from jobs.simulate.draws import MASK, Draws, scramble
from jobs.simulate.identity import GOSSIP_PORT, RPC_PORT, pubkey, public_host
from schema.domain.base import DAY, HOUR, Slot
from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, identify, unknown_ids
from schema.domain.node.failure import Failure, FailureCategory
from schema.domain.node.observation import Observation, SeedReply, host_of
from schema.domain.node.registry import RegistryEntry

DEFAULT_DAYS, DEFAULT_NODES, DEFAULT_INTERVAL = 90, 300, 3_600
MIN_DAYS, MAX_DAYS = 2, 1_000
MIN_NODES, MAX_NODES = 12, 5_000
MIN_INTERVAL, MAX_INTERVAL = 60, 3_600
START = 1_767_225_600
"""2026-01-01, UTC."""
SEEDS = 4
"""The first pods are the seeds, because real seeds are pods too. They are good."""
RELEASE_DAYS = 24
SEED_FAILS = 0.02
COVERAGE = 0.985
OUTAGE_CHANCE = 0.002
"""The chance that the collector itself is down from a slot on, for `OUTAGE_SLOTS` slots."""
OUTAGE_SLOTS = 8
GHOST_SECONDS = (2 * HOUR, 6 * DAY)
"""The minimum and maximum time for which the record of a pod that is down still circulates."""
RELEARN_SECONDS = HOUR
FALSE_UPTIME = 200 * DAY
FALSE_COMMITTED = 17_540_000_000_000
_UNIT = 2**64


class Wish(NamedTuple):
    """The parameters of the months. Equal parameters give equal months. `interval`: length of a slot in seconds."""

    days: int = DEFAULT_DAYS
    nodes: int = DEFAULT_NODES
    interval: int = DEFAULT_INTERVAL
    seed: int = 1

    def check(self) -> None:
        """Raises ValueError for a parameter that is out of bounds."""
        bounds = {
            "days": (MIN_DAYS, MAX_DAYS),
            "nodes": (MIN_NODES, MAX_NODES),
            "interval": (MIN_INTERVAL, MAX_INTERVAL),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name}={value}: expected {low} to {high}")


@dataclass(frozen=True, slots=True)
class Pod:
    """One node of the months, with its course. `vouched` marks a lying node that the first seed lists as always up."""

    number: int
    salt: int
    pubkey: str
    address: str
    is_public: bool
    committed: int
    used: int
    course: Course
    vouched: bool = False

    @property
    def lies(self) -> bool:
        return self.course.character is Character.LYING

    def row(self, seed: int, at: int) -> Observation | None:
        """The row of a seed about the pod at a unix second. None if it does not list the pod."""
        process = self.course.last_before(at)
        if process is None:
            return None
        alive = at < process.end or (self.vouched and seed == 0)
        word = scramble((self.salt ^ scramble(seed + 1)) & MASK)
        if alive:
            contact = at - int(params.quantile(params.LIVE_AGE, scramble(word + at & MASK) / _UNIT))
            return self._said(max(contact, process.start), process.start, process.version)
        low, high = GHOST_SECONDS
        if at - process.end > low + (high - low) * (scramble(self.salt + process.end & MASK) / _UNIT):
            return None
        age = min(at - process.end, (at + word) % RELEARN_SECONDS)
        return self._said(process.end, process.start, process.version, contact=at - age)

    def _said(self, as_of: int, start: int, version: str, *, contact: int | None = None) -> Observation:
        uptime = as_of - START + FALSE_UPTIME if self.lies else as_of - start
        return Observation(
            address=self.address,
            pubkey=self.pubkey,
            version=version,
            last_seen=as_of if contact is None else contact,
            is_public=self.is_public,
            rpc_port=RPC_PORT,
            uptime=uptime,
            storage_committed=self.committed,
            storage_used=self.used,
            storage_usage_percent=100 * self.used / self.committed,
        )


class Months:
    """The months for these parameters: nodes and cycles. Raises ValueError for parameters that are out of bounds."""

    def __init__(self, wish: Wish | None = None) -> None:
        self.wish = wish or Wish()
        self.wish.check()
        self.start = START
        self.end = START + self.wish.days * DAY
        self.pods = _pods(self.wish, self.start, self.end)
        self.courses = {pod.pubkey: pod.course for pod in self.pods}

    def cycles(self) -> Iterator[Cycle]:
        """The cycle of each slot in which any seed answers, in order, each computed from the previous one."""
        options = CycleOptions(network="simulated", interval=self.wish.interval)
        state, registry = State(), dict[str, RegistryEntry]()
        for slot in self.slots():
            replies = self.replies(slot)
            merged = identify(state, replies, options)
            if not merged.answered:
                continue
            unknown = unknown_ids(state, merged)
            recalled = {known: registry[known] for known in unknown if known in registry}
            cycle = advance(state, replies, merged, slot=slot, at=slot, options=options, recalled=recalled)
            registry.update((entry.id, entry) for entry in cycle.registry)
            state = cycle.state()
            yield cycle

    def slots(self) -> Iterator[Slot]:
        """The slots in which the collector runs."""
        down = 0
        for slot in range(self.start, self.end, self.wish.interval):
            down = OUTAGE_SLOTS if Draws("outage", self.wish.seed, slot).chance(OUTAGE_CHANCE) else max(0, down - 1)
            if not down or slot == self.start:
                yield slot

    def replies(self, slot: Slot) -> list[SeedReply]:
        """The replies of the seeds in a slot."""
        return [self._reply(place, slot) for place in range(SEEDS)]

    def _reply(self, place: int, slot: Slot) -> SeedReply:
        own = self.pods[place]
        name = host_of(own.address)
        if own.course.process_at(slot) is None or Draws("seed", self.wish.seed, place, slot).chance(SEED_FAILS):
            failure = Failure(category=FailureCategory.TIMEOUT, message=f"{name}: no answer (simulated)")
            return SeedReply(name, name, float(slot), failure)
        rows = (pod.row(place, slot) for pod in self.pods if pod is not own and _lists(pod, place))
        listed = tuple(row for row in rows if row is not None)
        return SeedReply(name, name, float(slot), observations=listed, has_stats=True, clock=float(slot))


def _lists(pod: Pod, place: int) -> bool:
    """Whether a seed lists a pod at all. Each seed permanently lacks a few pods."""
    return scramble((pod.salt ^ scramble(place + 101)) & MASK) / _UNIT < COVERAGE


def _pods(wish: Wish, start: int, end: int) -> tuple[Pod, ...]:
    releases = [
        Release(f"0.{8 + number}.0", start + number * RELEASE_DAYS * DAY if number else 0)
        for number in range(1 + (wish.days - 1) // RELEASE_DAYS)
    ]
    return tuple(_pod(wish.seed, number, start, end, releases) for number in range(wish.nodes))


def _pod(seed: int, number: int, start: int, end: int, releases: Sequence[Release]) -> Pod:
    draws = Draws("months", seed, number)
    # The first nodes after the seeds have one character each, so that the smallest network has all of them.
    first = (*[Character.GOOD] * SEEDS, *Character)
    character = first[number] if number < len(first) else Character(draws.pick(SHARES))
    lies = character is Character.LYING
    committed = FALSE_COMMITTED if lies else int(params.quantile(params.LIVE_COMMITTED, draws.unit()))
    return Pod(
        number=number,
        salt=draws.word(),
        pubkey=pubkey(seed, number),
        address=f"{public_host(seed, number)}:{GOSSIP_PORT}",
        is_public=draws.chance(params.LIVE_PUBLIC_CHANCE),
        committed=committed,
        used=min(committed, int(params.quantile(params.LIVE_USED, draws.unit()))),
        course=course(draws, character, start, end, releases),
        vouched=lies and draws.chance(0.5),
    )
