"""The context of resolvers."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import strawberry

from schema.derived import Tables, tables_of
from schema.domain.base import DAY, HOUR, Record, Slot, UnixSeconds
from schema.domain.scoring.recommend import MAX_PER_GROUP
from schema.domain.snapshot.freshness import answer_time
from schema.domain.snapshot.record import Snapshot
from schema.reads import Reads, Updates

T = TypeVar("T")


class PublicRetention(Record):
    """How long each kind of history is kept, in seconds. None keeps it permanently."""

    raw: int | None = 48 * HOUR
    m5: int | None = 14 * DAY
    h1: int | None = 90 * DAY
    d1: int | None = None
    events: int | None = 90 * DAY


class ConnectionLimits(Record):
    """The limits of connections, and of what each may send. None means no limit.

    `sockets` are WebSockets and event streams. `messages` may be sent over a WebSocket in a burst, and
    `messages_per_second` continuously. One WebSocket may have `operations` open, with documents and variables of
    `document_bytes` in total.
    """

    connections: int | None = None
    connections_per_address: int | None = None
    sockets: int | None = None
    sockets_per_address: int | None = None
    messages: int | None = None
    messages_per_second: int | None = None
    operations: int | None = None
    document_bytes: int | None = None


class CollectionRules(Record):
    """The rules for observing the network: which seeds are trusted, and whether nodes are queried directly.

    `trusted_seeds` is only their number, because the names are private to the operator.
    """

    min_witnesses: int = 2
    max_newcomers: int = 200
    trusted_seeds: int = 0
    probe_nodes: bool = False
    seed_discovery: bool = False


class SisterDeployment(Record):
    """A deployment that serves another network: its name and its URL."""

    network: str
    url: str


class PublicServiceInfo(Record):
    """The facts about this deployment that are published as `serviceConfig`. The composition root builds them.

    `interval` is the polling interval (`CACHE_TTL`) in seconds. A snapshot older than `stale_after` seconds is stale.
    `rate_limit` is the cost per minute and client; None means no limit. `sister_deployments` serve other networks.
    `recommended_per_group` is how many nodes of a neighbourhood one response recommends.
    """

    name: str = "Xandeum PNode Analytics API"
    release: str = "0.0.0"
    network: str = "devnet"
    interval: int = 60
    stale_after: int = 120
    retention: PublicRetention = PublicRetention()
    body_limit_bytes: int = 65_536
    rate_limit: int | None = None
    connection_limits: ConnectionLimits = ConnectionLimits()
    collection: CollectionRules = CollectionRules()
    sister_deployments: tuple[SisterDeployment, ...] = ()
    recommended_per_group: int = MAX_PER_GROUP


class Context:
    """One request: its sources, its clock, and what it has already read.

    `now` is the time of the request in unix seconds. All reads of the present in one request use the same snapshot.
    `request_id` is published with masked errors.
    """

    def __init__(
        self,
        *,
        reads: Reads,
        updates: Updates,
        now: float,
        service: PublicServiceInfo | None = None,
        request_id: str | None = None,
    ) -> None:
        self.reads = reads
        self.updates = updates
        self.now = now
        self.service = service or PublicServiceInfo()
        self.request_id = request_id
        self._memo: dict[object, object] = {}

    def renew(self, now: float) -> None:
        """Drop all reads, and set the time to `now`: each result of a subscription is a separate request."""
        self.now = now
        self.forget()

    def forget(self) -> None:
        """Drop all reads. graphql-core leaves cycles that refer to the context and would keep them alive for a
        while."""
        self._memo.clear()

    async def tables(self, as_of: UnixSeconds | None = None) -> Tables:
        """The current snapshot, or that of `as_of`. Raises SnapshotUnavailable, AsOfInFuture, AsOfOutOfRange."""
        snapshot = await self.remember(("as_of", as_of), lambda: self.reads.snapshot(as_of))
        return self._now(snapshot) if as_of is None else tables_of(snapshot)

    async def tables_at(self, slot: Slot) -> Tables:
        """The snapshot of exactly this slot. Raises CursorExpired."""
        snapshot = await self.remember(("slot", slot), lambda: self.reads.snapshot_at(slot))
        return self._now(snapshot) if snapshot is self.reads.current() else tables_of(snapshot)

    def current_tables(self) -> Tables | None:
        """The newest snapshot now, without waiting; None before the first one."""
        current = self.reads.current()
        return None if current is None else self._now(current)

    def _now(self, snapshot: Snapshot) -> Tables:
        """The snapshot at the same time as in REST responses: while there is no newer one, its age increases."""
        header = snapshot.header
        return tables_of(snapshot, at=answer_time(header.taken_at, header.interval, self.now))

    async def remember(self, key: object, ask: Callable[[], Awaitable[T]]) -> T:
        """The result of `ask`, called once per request and key."""
        if key not in self._memo:
            answer = await ask()
            # Fields run concurrently. The first result is used for all, so that they do not come from different
            # snapshots.
            self._memo.setdefault(key, answer)
        return cast("T", self._memo[key])


Info = strawberry.Info[Context, None]
