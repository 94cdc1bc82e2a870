"""Probes public nodes directly, a few in each slot, after the snapshot of the slot is committed.

The results go into the next snapshot of this worker. They are lost if the worker stops, and later probes replace them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol
from zlib import crc32

import structlog

from jobs.prpc import wire
from jobs.prpc.address import Endpoint, Seed
from jobs.prpc.client import Caller, Limits, PrpcClient
from jobs.prpc.errors import CallFailed
from jobs.prpc.public import PublicDialler
from schema.domain.base import Slot
from schema.domain.node.failure import FailureCategory
from schema.domain.node.probe import Answered
from schema.domain.node.probing import Target, due, promoted
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState

log = structlog.get_logger(__name__)

MAX_ANSWER_BYTES = 65_536
"""get-version and get-stats take some 300 bytes."""
CALL_SECONDS = 4.0
CONNECT_SECONDS = 2.0
PARALLELISM = 16
START_SHARE = 0.4
"""The part of the rest of a slot in which probes start."""
END_SHARE = 0.8
"""The part of a slot after which probes end, so that this worker is idle for the next cycle."""

LIMITS = Limits(
    call_seconds=CALL_SECONDS,
    connect_seconds=CONNECT_SECONDS,
    seed_seconds=2 * CALL_SECONDS,
    max_body_bytes=MAX_ANSWER_BYTES,
    parallelism=PARALLELISM,
)

COMMITTED = "committed"

Sleep = Callable[[float], Awaitable[object]]


class Collecting(Protocol):
    """Makes one snapshot per slot."""

    @property
    def snapshot(self) -> Snapshot | None: ...

    async def collect(self, slot: Slot) -> CollectorState: ...


async def ask(client: Caller, target: Target, clock: Callable[[], float] = time.time) -> Answered:
    """Fetch one node's version and uptime over one connection. Never raises because of the node."""
    until = asyncio.get_running_loop().time() + client.limits.seed_seconds
    try:
        route = await client.route(seed_of(target), until)
        first = await client.call(route, wire.GET_VERSION, until)
        version = wire.read_version(first.result)
    except CallFailed as error:
        return Answered(at=int(clock()), failure=error.failure.category)
    try:
        stats, _ = wire.read_stats((await client.call(route, wire.GET_STATS, until)).result)
    except CallFailed:  # it closed the connection, and gets no second one
        stats = None
    return Answered(
        at=int(clock()),
        latency_ms=round(first.latency_ms, 1),
        version=version,
        uptime=stats.uptime if stats else None,
    )


class Prober:
    """The probes of one worker process.

    `interval` is the length of a slot in seconds, `opted_out` the keys of nodes that must not be probed. `clock` gives
    unix seconds. `client` creates the client of one round, with its own dialler. If `beside` (the hosts of the
    configured seeds) is given, nodes are also promoted to extra seeds.
    """

    def __init__(
        self,
        interval: int,
        *,
        opted_out: Collection[str] = (),
        beside: Collection[str] | None = None,
        client: Callable[[], PrpcClient],
        clock: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._interval = interval
        self._opted_out = frozenset(opted_out)
        self._beside = beside
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._results: dict[str, Answered] = {}
        self.promoted: tuple[Seed, ...] = ()

    def take(self) -> Mapping[str, Answered]:
        """The answers since the last call, by node id."""
        taken, self._results = self._results, {}
        return taken

    def following(self, collector: Collecting) -> Callable[[Slot], Awaitable[CollectorState]]:
        """Run the collector's cycle, followed by a round of probes if it committed a snapshot."""

        async def collect(slot: Slot) -> CollectorState:
            state = await collector.collect(slot)
            if state.outcome == COMMITTED and collector.snapshot is not None:
                self.promote(collector.snapshot)
                await self.round(collector.snapshot)
            return state

        return collect

    def promote(self, snapshot: Snapshot) -> None:
        """Choose the extra seeds of the next cycle."""
        if self._beside is not None:
            chosen = promoted(snapshot.nodes, self._beside, int(self._clock()), self._opted_out)
            self.promoted = tuple(map(seed_of, chosen))

    async def round(self, snapshot: Snapshot) -> None:
        """Probe the due nodes of a snapshot, spread over the rest of its slot. Ends within the slot."""
        end = snapshot.slot + END_SHARE * self._interval
        left = end - self._clock()
        targets = due(snapshot.nodes, int(self._clock()), self._opted_out)
        if left <= 0 or not targets:
            return
        try:
            async with asyncio.timeout(left), self._client() as client:
                await self._ask_all(client, targets, snapshot.slot, START_SHARE * left)
        except TimeoutError:
            log.info("probing.unfinished", slot=snapshot.slot, asked=len(self._results), due=len(targets))
        answers = self._results.values()
        reachable = sum(answer.failure is None for answer in answers)
        log.info("probing.done", slot=snapshot.slot, due=len(targets), asked=len(answers), reachable=reachable)

    async def _ask_all(self, client: Caller, targets: Sequence[Target], slot: Slot, spread: float) -> None:
        gate = asyncio.Semaphore(client.limits.parallelism)

        async def one(target: Target) -> None:
            await self._sleep(jitter(target.node_id, slot) * spread)
            async with gate:
                try:
                    self._results[target.node_id] = await ask(client, target, self._clock)
                except Exception:  # a defect triggered by one answer must not end the round
                    log.exception("probing.crashed", node=target.node_id)
                    failure = FailureCategory.BAD_SHAPE
                    self._results[target.node_id] = Answered(at=int(self._clock()), failure=failure)

        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(one(target))


def seed_of(target: Target) -> Seed:
    """The pRPC address of a node, named by that address."""
    return Seed(str(Endpoint(target.host, target.port)), target.host, target.port)


def jitter(node_id: str, slot: Slot) -> float:
    """When in a round a node is probed, 0..1. It is the same within a slot, and differs between slots."""
    return crc32(f"{slot}:{node_id}".encode()) / 2**32


def public_client(dial_map: Mapping[str, str] | None) -> Callable[[], PrpcClient]:
    """Create the client of a round: small answers, public addresses only, one connection to each node."""
    return lambda: PrpcClient(PublicDialler(dial_map), LIMITS)
