"""A simulated past, slot by slot: real cycles for stored snapshots, and cheap steps of the same nodes in between."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jobs.past.retention import Retention
from jobs.prpc.wire import read_pods, read_stats
from jobs.simulate.network import Network
from schema.domain.base import HOUR, Slot, UnixSeconds
from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, identify
from schema.domain.cycle.changes import derive
from schema.domain.cycle.events import Event
from schema.domain.node.observation import SeedReply
from schema.domain.snapshot.record import Snapshot

SEEDS = 9


class Step(NamedTuple):
    """A slot of the past: its snapshot, its events, and the whole cycle if there was one."""

    snapshot: Snapshot
    events: tuple[Event, ...]
    cycle: Cycle | None


class World:
    """A network of this number of nodes that nine seeds list, from its first slot on."""

    def __init__(self, nodes: int, interval: int = 60) -> None:
        self.interval = interval
        self._network = Network(nodes)
        self._options = CycleOptions(interval=interval)
        self._state = State()

    @property
    def ids(self) -> list[str]:
        """The nodes of the newest cycle."""
        return [node.id for node in self._state.snapshot.nodes] if self._state.snapshot else []

    def past(self, start: Slot, end: Slot, retention: Retention) -> Iterator[Step]:
        """Every slot of [start, end). Those that retention keeps at `end` are whole cycles."""
        last = self.interval * ((HOUR - 1) // self.interval)
        for slot in range(start, end, self.interval):
            whole = slot >= end - retention.raw or slot % HOUR >= last or self._state.snapshot is None
            yield self.cycle(slot) if whole else self._moved(slot)

    def cycle(self, slot: Slot) -> Step:
        """The reports of the seeds in this slot, merged and scored."""
        before = self._state
        replies = self._replies(slot)
        # The grace period covers the time since the previous cycle, as if each slot had been polled.
        grace = 3 * self.interval if before.snapshot is None else max(180, slot - before.snapshot.slot + 180)
        options = self._options.model_copy(update={"grace_seconds": grace})
        cycle = advance(before, replies, identify(before, replies), slot=slot, at=slot + 2, options=options)
        self._state = cycle.state()
        return Step(cycle.snapshot, derive(before.snapshot, cycle.snapshot), cycle)

    def _moved(self, slot: Slot) -> Step:
        """The nodes of the newest cycle, a little later."""
        newest = self._state.snapshot
        assert newest is not None
        later = slot - newest.slot
        nodes = tuple(
            node.model_copy(
                update={
                    "uptime": node.uptime + later if node.uptime is not None and node.is_online else node.uptime,
                    "provenance": node.provenance.model_copy(update={"observed_at": slot + 2}),
                }
            )
            for node in newest.nodes
        )
        header = newest.header.model_copy(update={"slot": slot, "taken_at": slot + 2})
        return Step(Snapshot.model_construct(header=header, nodes=nodes), (), None)

    def _replies(self, at: UnixSeconds) -> Sequence[SeedReply]:
        network = self._network
        replies: list[SeedReply] = []
        for index in range(min(SEEDS, len(network.hosts))):
            pods = read_pods({"pods": network.pods(index, at)})
            stats, _ = read_stats(network.stats(index, at))
            replies.append(
                SeedReply(
                    seed=network.hosts[index],
                    host=network.hosts[index],
                    answered_at=at + 1,
                    version=network.version(index),
                    stats=stats,
                    observations=pods.observations,
                    has_stats=True,
                    dropped=pods.dropped,
                    latency_ms={"get-pods-with-stats": 73.2, "get-stats": 70.1, "get-version": 69.8},
                )
            )
        return replies
