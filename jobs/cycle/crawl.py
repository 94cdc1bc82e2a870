"""Poll all seeds. A failed seed is an outcome with a category, never an exception."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import structlog

from jobs.prpc import wire
from jobs.prpc.address import Seed
from jobs.prpc.client import Caller, RpcReply
from jobs.prpc.dial import Route
from jobs.prpc.errors import METHOD_NOT_FOUND, CallFailed
from schema.domain.node.failure import Failure, FailureCategory
from schema.domain.node.observation import PodStats, SeedReply


class _Listing(NamedTuple):
    """One seed's list or failure, at a time by our clock. `date` is the time by the seed's own clock."""

    at: float
    pods: wire.PodList | None = None
    has_stats: bool = False
    failed: CallFailed | None = None
    date: float | None = None


async def crawl(
    client: Caller, seeds: Sequence[Seed], *, clock: Callable[[], float] = time.time
) -> tuple[SeedReply, ...]:
    """One reply for each seed, in the order of `seeds`, within `limits.crawl_seconds`.

    `clock` gives unix seconds and is used only for `answered_at`. Durations use the loop's monotonic clock.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + client.limits.crawl_seconds
    gate = asyncio.Semaphore(client.limits.parallelism)

    async def ask(seed: Seed) -> SeedReply:
        async with gate:
            until = min(loop.time() + client.limits.seed_seconds, end)
            return await _ask_safely(client, seed, until, clock)

    return tuple(await asyncio.gather(*map(ask, seeds)))


async def _ask_safely(client: Caller, seed: Seed, until: float, clock: Callable[[], float]) -> SeedReply:
    try:
        return await _Interview(client, seed, until, clock).hold()
    except CallFailed as error:
        return SeedReply(seed.name, seed.host, clock(), failure=error.failure)
    except Exception as error:  # noqa: BLE001  (a defect that one answer brings to light must not end the cycle)
        structlog.get_logger().exception("crawl.seed_crashed", seed=seed.name)
        message = f"the answer could not be handled ({type(error).__name__})"
        return SeedReply(seed.name, seed.host, clock(), Failure(category=FailureCategory.BAD_SHAPE, message=message))


class _Interview:
    """All calls to one seed, one after the other on one connection, and their results."""

    def __init__(self, client: Caller, seed: Seed, until: float, clock: Callable[[], float]) -> None:
        self._client = client
        self._seed = seed
        self._until = until
        self._clock = clock
        self._latency_ms: dict[str, float] = {}

    async def hold(self) -> SeedReply:
        """The list comes first, because it matters most and should have the most time. The rest follows if the seed was
        reached."""
        route = await self._client.route(self._seed, self._until)
        listing = await self._list(route)
        version: str | None = None
        stats: PodStats | None = None
        dropped: Mapping[str, int] = {}
        if listing.failed is None or listing.failed.reached:
            version = await self._version(route)
            stats, dropped = await self._stats(route)
        pods = listing.pods
        return SeedReply(
            seed=self._seed.name,
            host=route.host,
            answered_at=listing.at,
            failure=None if listing.failed is None else listing.failed.failure,
            version=version,
            stats=stats,
            observations=None if pods is None else pods.observations,
            has_stats=listing.has_stats,
            dropped=dropped if pods is None else {**pods.dropped, **dropped},
            latency_ms=self._latency_ms,
            clock=listing.date,
        )

    async def _list(self, route: Route) -> _Listing:
        try:
            try:
                answer, has_stats = await self._call(route, wire.GET_PODS_WITH_STATS), True
            except CallFailed as error:
                if error.rpc_code != METHOD_NOT_FOUND:
                    raise
                # Releases before 0.7.0 list their peers without figures.
                answer, has_stats = await self._call(route, wire.GET_PODS), False
            at = self._clock()
            pods = wire.read_pods(answer.result, self._client.limits.max_pods)
            return _Listing(at, pods, has_stats, date=answer.date)
        except CallFailed as error:
            return _Listing(self._clock(), failed=error)

    async def _version(self, route: Route) -> str | None:
        try:
            return wire.read_version((await self._call(route, wire.GET_VERSION)).result)
        except CallFailed:
            return None

    async def _stats(self, route: Route) -> tuple[PodStats | None, Mapping[str, int]]:
        try:
            return wire.read_stats((await self._call(route, wire.GET_STATS)).result)
        except CallFailed:
            return None, {}

    async def _call(self, route: Route, method: str) -> RpcReply:
        answer = await self._client.call(route, method, self._until)
        self._latency_ms[method] = answer.latency_ms
        return answer
