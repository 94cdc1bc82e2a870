"""In-memory fakes of the stores that a worker writes to. `tests/contracts` compares them with MongoDB."""

from collections.abc import Collection, Mapping, Sequence

from schema.domain.base import Slot, UnixSeconds
from schema.domain.errors import SnapshotUnavailable
from schema.domain.node.memory import NodeMemory
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState
from schema.writes import Commit, Lease, LeaseLost


class FakeStore:
    """`SnapshotStore` in memory, for any number of workers. `down` makes it unavailable."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.reports: list[CollectorState] = []
        self.entries: dict[str, RegistryEntry] = {}
        self.holder: str | None = None
        self.token = 0
        self.lease_until = 0.0
        self.loads = 0
        self.down = False

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        self._need_store()
        if self.holder not in (None, holder) and now < self.lease_until:
            return None
        self.token += self.holder != holder
        self.holder, self.lease_until = holder, now + lease_seconds
        return Lease(token=self.token, holder=holder, committed_slot=self._newest)

    async def previous(self) -> tuple[Snapshot, Sequence[NodeMemory]] | None:
        self._need_store()
        self.loads += 1
        return (self.commits[-1].snapshot, self.commits[-1].memory) if self.commits else None

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        self._need_store()
        return {node_id: self.entries[node_id] for node_id in ids if node_id in self.entries}

    async def commit(self, lease: Lease, commit: Commit) -> None:
        slot = commit.snapshot.slot
        self._need_lease(lease, f"slot {slot}")
        if self._newest is not None and slot <= self._newest:
            if commit.snapshot != self.commits[-1].snapshot:
                raise LeaseLost(f"slot {slot} is not newer than slot {self._newest}, which is already committed")
            return
        self.commits.append(commit)
        for entry in commit.registry:
            for former in entry.former_ids:
                self.entries.pop(former, None)
            self.entries[entry.id] = entry

    async def report(self, lease: Lease, state: CollectorState) -> None:
        self._need_lease(lease, "its report")
        self.reports.append(state)

    @property
    def _newest(self) -> Slot | None:
        return self.commits[-1].snapshot.slot if self.commits else None

    def _need_lease(self, lease: Lease, what: str) -> None:
        self._need_store()
        if (lease.holder, lease.token) != (self.holder, self.token):
            raise LeaseLost(f"lease {lease.token} of {lease.holder} was taken over before {what}")

    def _need_store(self) -> None:
        if self.down:
            raise SnapshotUnavailable("the store does not answer")


class FakeAnnouncer:
    """`Announcer` that records announcements. With `broken`, every announcement is lost."""

    def __init__(self, *, broken: bool = False) -> None:
        self.slots: list[Slot] = []
        self.broken = broken

    async def announce(self, slot: Slot) -> None:
        if self.broken:
            raise ConnectionError("the channel is gone")
        self.slots.append(slot)


class FakeJobRuns:
    """`JobRuns` in memory. If `error` is set, it is raised instead of any answer."""

    def __init__(self) -> None:
        self.claims: dict[str, tuple[UnixSeconds, float]] = {}
        self.holders: dict[str, str] = {}
        self.succeeded: dict[str, UnixSeconds] = {}
        self.error: Exception | None = None

    async def claim(
        self, job: str, period: UnixSeconds, *, seconds: int, holder: str, now: float, lasts: float
    ) -> bool:
        if self.error is not None:
            raise self.error
        claimed, until = self.claims.get(job, (-1, 0.0))
        # Claims of a worker with a fast clock do not count.
        if period < claimed <= period + seconds or (claimed == period and until > now):
            return False
        self.claims[job] = (period, now + lasts)
        self.holders[job] = holder
        return True

    async def finish(self, job: str, period: UnixSeconds, *, holder: str, now: float, succeeded: bool) -> None:
        if self.claims.get(job, (-1, 0.0))[0] != period or self.holders[job] != holder:
            return  # another run of it was claimed meanwhile
        if succeeded:
            self.succeeded[job] = int(now)
            self.claims[job] = (period, float("inf"))
        else:
            self.claims[job] = (period, now)
