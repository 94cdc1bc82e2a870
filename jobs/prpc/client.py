"""The client of one cycle: a bounded request to one node returns a bounded answer, or a failure with a category.

A node cannot use more time, memory or connections than `Limits` allows. Deadlines are total rather than per read,
because a node that sends one byte a second passes per-read deadlines. Bodies are counted as they arrive. There is no
decompression, and there are no redirects, proxies or cookies.
"""

import asyncio
import itertools
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

import aiohttp
from yarl import URL

from jobs.prpc import fields, wire
from jobs.prpc.address import Seed
from jobs.prpc.dial import Dialler, NoResolver, Route
from jobs.prpc.errors import CallFailed, call_failed
from schema.domain.node.failure import FailureCategory

MIB = 2**20
OK = 200

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "pnode-analytics",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds on what untrusted nodes may cost.

    `call_seconds` bounds one call, `seed_seconds` all calls to one seed, `crawl_seconds` all seeds. `connect_seconds`
    is part of a call. `max_body_bytes` bounds one answer, `max_pods` one list, `parallelism` the seeds polled at once.
    """

    crawl_seconds: float = 36.0
    seed_seconds: float = 10.0
    call_seconds: float = 5.0
    connect_seconds: float = 1.0
    max_body_bytes: int = 8 * MIB
    max_pods: int = wire.MAX_PODS
    parallelism: int = 64

    @classmethod
    def for_interval(cls, interval: float, **changes: Any) -> Self:
        """The limits for a polling interval (seconds). A crawl ends within 0.6 of it, so that a cycle fits into its
        slot."""
        crawl = 0.6 * interval
        return replace(cls(crawl_seconds=crawl, seed_seconds=min(10.0, crawl)), **changes)


class RpcReply(NamedTuple):
    """The unvalidated result of a call, and the time until it was complete (milliseconds, monotonic clock).

    `date` is the time by the node's own clock (unix seconds), from the response header. None if the header is unusable.
    """

    result: object
    latency_ms: float
    date: float | None = None


class Caller(Protocol):
    """The client interface: `PrpcClient` on the network, a fake in tests. Both methods raise CallFailed.

    Times named `until` are deadlines by the clock of the running loop.
    """

    @property
    def limits(self) -> Limits: ...

    async def route(self, seed: Seed, until: float) -> Route: ...

    async def call(self, route: Route, method: str, until: float) -> RpcReply: ...


class PrpcClient:
    """Calls nodes. An async context manager that is created for each cycle and owns one HTTP session."""

    def __init__(self, dialler: Dialler, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._dialler = dialler
        self._ids = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self.limits.parallelism,
            socket_factory=self._dialler.open_socket,
            resolver=NoResolver(),
            use_dns_cache=False,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(sock_connect=self.limits.connect_seconds),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def route(self, seed: Seed, until: float) -> Route:
        """Resolve and check a seed's address. Raises CallFailed: forbidden_address, unreachable (no such name),
        timeout."""
        try:
            async with asyncio.timeout_at(self._call_end(until)):
                return await self._dialler.route(seed)
        except TimeoutError as error:
            message = f"{seed.name}: the name was not resolved in time"
            raise CallFailed(FailureCategory.TIMEOUT, message, reached=False) from error

    async def call(self, route: Route, method: str, until: float) -> RpcReply:
        """Call one method. Raises CallFailed with any category, and nothing else that a node could cause."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        if until <= started:
            raise CallFailed(FailureCategory.TIMEOUT, f"{method}: no time left for the call")
        call_id = next(self._ids)
        try:
            async with asyncio.timeout_at(self._call_end(until)):
                body, date = await self._post(route, method, wire.request(method, call_id))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise call_failed(error, method) from error
        latency_ms = (loop.time() - started) * 1e3
        return RpcReply(wire.result_of(body, call_id), latency_ms, fields.http_date(date))

    def _call_end(self, until: float) -> float:
        return min(asyncio.get_running_loop().time() + self.limits.call_seconds, until)

    async def _post(self, route: Route, method: str, body: bytes) -> tuple[bytes, str | None]:
        if self._session is None:
            raise RuntimeError("PrpcClient is used outside `async with`")
        url = URL.build(scheme="http", host=route.target.host, port=route.target.port, path="/rpc")
        headers = {"Host": route.authority}
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            if response.status != OK:
                raise CallFailed(FailureCategory.HTTP_STATUS, f"{method}: HTTP status {response.status}")
            encoding = response.headers.get("Content-Encoding", "identity")
            if encoding.strip().lower() != "identity":
                message = f"{method}: the answer is compressed ({encoding[:40]}), which was not requested"
                raise CallFailed(FailureCategory.NOT_JSON, message)
            return await self._read(response, method), response.headers.get("Date")

    async def _read(self, response: aiohttp.ClientResponse, method: str) -> bytes:
        limit = self.limits.max_body_bytes
        if (response.content_length or 0) <= limit:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.content.iter_any():
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    break
            else:
                return b"".join(chunks)
        raise CallFailed(FailureCategory.TOO_LARGE, f"{method}: the answer is larger than {limit} bytes")
