"""One complete cycle: crawl, merge, accumulate, score, save, announce, report."""

import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from jobs.cycle.steering import Steering, Unsteered
from schema.domain.base import Slot
from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, identify, unknown_ids
from schema.domain.cycle.changes import derive
from schema.domain.errors import OtherNetwork, SnapshotUnavailable
from schema.domain.node.clocks import MAX_LEAD_SECONDS, lead_over
from schema.domain.node.observation import SeedReply
from schema.domain.node.probe import Answered
from schema.domain.snapshot.record import CycleTiming, Snapshot
from schema.reads import CollectorState, SeedAttempt
from schema.writes import Announcer, Commit, Lease, LeaseLost, SnapshotStore

log = structlog.get_logger()

Crawl = Callable[[], Awaitable[Sequence[SeedReply]]]


class SeedsNotAsked(Exception):
    """A cycle failed before it polled any seed, so a retry does not load the seeds. The cause gives the reason."""


class Collector:
    """The cycles of one worker process. Keeps the last state in memory while no other worker commits in between.

    `crawl` polls all seeds within its own deadline. `probes` returns the answers to direct probes since its last call.
    `clock` gives unix seconds, and `holder` names this process. A lease lasts `lease_seconds`, which is longer than a
    cycle and shorter than the time after which a worker counts as dead.
    """

    def __init__(
        self,
        store: SnapshotStore,
        announcer: Announcer,
        crawl: Crawl,
        options: CycleOptions,
        *,
        holder: str,
        lease_seconds: float,
        probes: Callable[[], Mapping[str, Answered]] = dict,
        faults: Callable[[], Mapping[str, int]] = dict,
        garbage: Steering | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._crawl = crawl
        self._options = options
        self._holder = holder
        self._lease_seconds = lease_seconds
        self._probes = probes
        self._faults = faults
        self._clock = clock
        # How far our clock was found to be ahead of most seeds' clocks, in seconds; 0 if it is correct.
        self._lead = 0
        self._garbage = garbage or Unsteered()
        self._state = State()
        self._asked = False
        self._succeeded: dict[str, int] = {}
        self._attempts: tuple[SeedAttempt, ...] = ()

    @property
    def snapshot(self) -> Snapshot | None:
        """The last snapshot that this process wrote or read."""
        return self._state.snapshot

    async def collect(self, slot: Slot) -> CollectorState:
        """Run the cycle of `slot`, at most once for any number of workers. Returns the outcome.

        Outcomes: `committed`; `no_seed_answered` (no node changes); `clock_ahead` (by most seeds' clocks it is earlier,
        so nothing is committed); `already_committed` and `not_ours` (another worker has run or is running the cycle).
        Errors are reported as `failed`, unless they come from the store, and raised again. If no seed was polled yet,
        the error is wrapped in SeedsNotAsked.
        """
        self._asked = False
        try:
            state = await self._collect(slot)
        except Exception as error:
            if self._asked:
                raise
            raise SeedsNotAsked(f"{type(error).__name__}: {error}") from error
        self._garbage.look_through()
        return state

    async def _collect(self, slot: Slot) -> CollectorState:
        started = time.monotonic()
        lease = await self._store.acquire(self._holder, self._clock() - self._lead, self._lease_seconds)
        if lease is None:
            return CollectorState(attempted_slot=slot, outcome="not_ours")
        if lease.committed_slot is not None and lease.committed_slot >= slot:
            return CollectorState(attempted_slot=slot, committed_slot=lease.committed_slot, outcome="already_committed")
        try:
            return await self._cycle(lease, slot, started)
        except SnapshotUnavailable:
            raise
        except Exception:
            with contextlib.suppress(SnapshotUnavailable, LeaseLost):
                await self._report(lease, slot, "failed", started)
            raise

    async def _cycle(self, lease: Lease, slot: Slot, started: float) -> CollectorState:
        before = await self._restore(lease)
        asked = time.monotonic()
        self._asked = True
        replies = await self._crawl()
        crawled = time.monotonic()
        self._attempts = tuple(self._attempt(reply) for reply in replies if not reply.promoted)
        lead = lead_over([reply for reply in replies if not reply.promoted])
        self._lead = lead if lead is not None and lead > MAX_LEAD_SECONDS else 0
        if self._lead:
            log.error("cycle.clock_ahead", slot=slot, seconds=lead, limit=MAX_LEAD_SECONDS)
            # Otherwise the lease, which is by our clock, would keep workers with a correct clock out of every slot.
            await self._store.acquire(self._holder, self._clock() - self._lead, 0)
            return await self._report(lease, slot, "clock_ahead", started)
        cycle = await self._compute(before, replies, slot, crawl_seconds=crawled - asked)
        del replies  # by far the largest part of a cycle's memory, and the commit needs memory too
        if cycle is None:
            return await self._report(lease, slot, "no_seed_answered", started)
        try:
            await self._commit(lease, before, cycle)
        except LeaseLost:
            log.warning("cycle.lease_lost", slot=slot, token=lease.token)
            return CollectorState(attempted_slot=slot, outcome="not_ours")
        await self._announce(slot)
        return await self._report(lease, slot, "committed", started)

    async def _restore(self, lease: Lease) -> State:
        """The state of the last commit: from memory if this worker made it, otherwise from the store."""
        mine = self._state.snapshot
        if lease.committed_slot is None:
            return State()
        if mine is None or mine.slot != lease.committed_slot or not lease.known:
            previous = await self._store.previous()
            self._state = (
                State.model_construct(snapshot=previous[0], memory=tuple(previous[1])) if previous else State()
            )
        held = self._state.snapshot
        if held is not None and held.header.network != self._options.network:
            raise OtherNetwork(held.header.network, self._options.network)
        return self._state

    async def _compute(
        self, before: State, replies: Sequence[SeedReply], slot: Slot, *, crawl_seconds: float
    ) -> Cycle | None:
        began = time.monotonic()
        merged = self._garbage.step(lambda: identify(before, replies, self._options))
        if not merged.answered:
            return None
        recalled = await self._store.recall(unknown_ids(before, merged))
        at = max(slot, int(self._clock()))
        options, probes = self._options, self._probes()
        cycle = self._garbage.step(
            lambda: advance(
                before, replies, merged, slot=slot, at=at, options=options, recalled=recalled, probes=probes
            )
        )
        spent = time.monotonic() - began
        return cycle.timed(
            CycleTiming(
                started_at=at,
                crawl_seconds=round(crawl_seconds, 3),
                compute_seconds=round(spent, 3),
                total_seconds=round(crawl_seconds + spent, 3),
            )
        )

    async def _commit(self, lease: Lease, before: State, cycle: Cycle) -> None:
        events = derive(before.snapshot, cycle.snapshot)
        await self._store.commit(
            lease,
            Commit.model_construct(
                snapshot=cycle.snapshot, memory=cycle.memory, events=events, registry=cycle.registry
            ),
        )
        self._state = cycle.state()

    async def _announce(self, slot: Slot) -> None:
        try:
            await self._announcer.announce(slot)
        except Exception as error:  # noqa: BLE001  (readers also look for themselves; a lost word must not fail a cycle)
            log.warning("cycle.not_announced", slot=slot, error=str(error))

    async def _report(self, lease: Lease, slot: Slot, outcome: str, started: float) -> CollectorState:
        state = CollectorState(
            attempted_slot=slot,
            attempted_at=int(self._clock()),
            committed_slot=slot if outcome == "committed" else lease.committed_slot,
            outcome=outcome,
            seeds=self._attempts,
            faults=self._faults(),
            cycle_seconds=round(time.monotonic() - started, 3),
        )
        await self._store.report(lease, state)
        log.info(
            "cycle.done",
            slot=slot,
            outcome=outcome,
            seeds_ok=sum(attempt.failure is None for attempt in state.seeds),
            seeds=len(state.seeds),
            seconds=state.cycle_seconds,
        )
        return state

    def _attempt(self, reply: SeedReply) -> SeedAttempt:
        if reply.failure is None:
            self._succeeded[reply.seed] = int(reply.answered_at)
        return SeedAttempt(
            seed=reply.seed,
            attempted_at=int(reply.answered_at),
            succeeded_at=self._succeeded.get(reply.seed),
            failure=reply.failure.category if reply.failure else None,
            message=reply.failure.message if reply.failure else None,
        )
