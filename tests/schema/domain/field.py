"""A field of seeds and pods, poll by poll, through the same functions as a live cycle.

Every seed also lists a dozen ordinary live pods, so that its list resembles a real one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, identify
from schema.domain.cycle.changes import derive
from schema.domain.cycle.events import Event, EventType
from schema.domain.node.observation import Observation, SeedReply
from schema.domain.node.pnode import PNode
from tests.factories import AT, key, observation

ORDINARY = range(100, 112)
K = key(1)


def row(
    at: int, address: str, uptime: int | None, age: int | None = 2, pubkey: str | None = K, **changes: Any
) -> Observation:
    """A row as listed by a seed at `at`, with a contact `age` seconds ago."""
    seen = None if age is None else at - age
    return observation(1, address=address, uptime=uptime, last_seen=seen, pubkey=pubkey, **changes)


def ordinary(at: int, age: int = 3) -> list[Observation]:
    return [observation(n, uptime=9 * 86_400 + at - AT, last_seen=at - age) for n in ORDINARY]


def reply(seed: str, rows: Iterable[Observation], at: int, **changes: Any) -> SeedReply:
    """A seed that reports nothing about itself, so that the network is what it lists."""
    fields: dict[str, Any] = {"host": seed.partition(":")[0], "has_stats": True, "clock": float(at)}
    return SeedReply(seed=seed, answered_at=at, observations=tuple(rows), **fields | changes)


class Field:
    """The polls of some seeds, `step` seconds apart."""

    def __init__(self, step: int = 5, options: CycleOptions | None = None) -> None:
        self.step = step
        self.options = options or CycleOptions(interval=step)
        self.at = AT
        self.state = State()
        self.cycles: list[Cycle] = []
        self.events: list[Event] = []

    def poll(self, lists: Mapping[str, Sequence[Observation]], *, alone: bool = False) -> None:
        """One poll in which each seed lists these rows, and the ordinary pods unless `alone`."""
        rows = {seed: [*listed, *([] if alone else ordinary(self.at))] for seed, listed in lists.items()}
        self.answer(reply(seed, listed, self.at) for seed, listed in rows.items())

    def answer(self, replies: Iterable[SeedReply]) -> None:
        answers = list(replies)
        merged = identify(self.state, answers, self.options)
        cycle = advance(self.state, answers, merged, slot=self.at, at=self.at, options=self.options)
        self.events.extend(derive(self.state.snapshot, cycle.snapshot))
        self.cycles.append(cycle)
        self.state = cycle.state()
        self.at += self.step

    @property
    def t(self) -> int:
        """Seconds from the start to the next poll."""
        return self.at - AT

    def node(self, name: str = K) -> PNode:
        found = self.cycles[-1].snapshot.find(name)
        assert found is not None, name
        return found

    def nodes(self, name: str = K) -> list[PNode]:
        """The node in every poll so far."""
        return [node for cycle in self.cycles if (node := cycle.snapshot.find(name)) is not None]

    def told(self, *types: EventType, name: str = K) -> list[EventType]:
        """The events about a node, of these types or of all."""
        return [event.type for event in self.events if event.subject == name and (not types or event.type in types)]
