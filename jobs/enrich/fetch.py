"""One bounded request to a source, at the operator's own URL only.

The whole exchange has one deadline, the answer has a maximum size, and redirects are failures. Every address that the
host name resolves to is checked like a dialled address, so a name never leads to loopback or to a private network.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from jobs.prpc.address import Reach, parse_ip, reach_of
from jobs.prpc.dial import Dialler, Resolve, refusal, resolve_name
from jobs.prpc.errors import CallFailed, ForbiddenAddress, call_failed
from schema.domain.node.failure import FailureCategory

OK = 200
REDIRECTS = range(300, 400)
_PIECE_BYTES = 2**16
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "pnode-analytics"}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of a request: seconds for the whole exchange and for connecting, and bytes of the answer."""

    total_seconds: float = 30.0
    connect_seconds: float = 5.0
    max_body_bytes: int = 16 * 2**20


class Question(NamedTuple):
    """The request to a source: GET without a body, or POST with a JSON body."""

    url: str
    json: object = None


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL. The rest may be secret: RPC providers put keys into the path."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port is not None else ''}"


class GuardedResolver(AbstractResolver):
    """Resolves names for the HTTP client, and removes every address that must not be dialled."""

    def __init__(self, resolve: Resolve = resolve_name) -> None:
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The allowed addresses. Raises ForbiddenAddress if there are only others, OSError if there are none."""
        found = [parse_ip(text) for text in await self._resolve(host)]
        own = host == "localhost"
        allowed = [
            ip
            for ip in sorted(found, key=lambda ip: ip.version)
            if refusal(ip, allow_private=False) is None and (own or reach_of(ip) is not Reach.LOOPBACK)
        ]
        if found and not allowed:
            raise ForbiddenAddress(f"the host leads to {found[0]}, which is not a public address")
        return [
            ResolveResult(
                hostname=host,
                host=str(ip),
                port=port,
                family=socket.AF_INET6 if ip.version == 6 else socket.AF_INET,  # noqa: PLR2004  (IPv6)
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for ip in allowed
        ]

    async def close(self) -> None:
        """Nothing to close."""


class Fetcher:
    """Sends requests to sources. `resolve` returns the addresses of a name."""

    def __init__(self, limits: FetchLimits | None = None, resolve: Resolve = resolve_name) -> None:
        self.limits = limits or FetchLimits()
        self._resolve = resolve

    async def fetch(self, question: Question) -> bytes:
        """The body of the answer. Raises CallFailed with a message that contains only the origin of the URL."""
        what = origin_of(question.url)
        connector = aiohttp.TCPConnector(
            socket_factory=Dialler().open_socket,
            resolver=GuardedResolver(self._resolve),
            use_dns_cache=False,
        )
        try:
            async with (
                asyncio.timeout(self.limits.total_seconds),
                aiohttp.ClientSession(
                    connector=connector,
                    headers=_HEADERS,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(sock_connect=self.limits.connect_seconds),
                    auto_decompress=False,
                    trust_env=False,
                ) as session,
            ):
                return await self._exchange(session, question, what)
        except CallFailed:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise call_failed(error, what) from None

    async def _exchange(self, session: aiohttp.ClientSession, question: Question, what: str) -> bytes:
        method = "GET" if question.json is None else "POST"
        body: Mapping[str, object] = {} if question.json is None else {"json": question.json}
        async with session.request(method, question.url, allow_redirects=False, **body) as reply:  # pyright: ignore[reportArgumentType]  (one optional keyword)
            if reply.status in REDIRECTS:
                raise CallFailed(
                    FailureCategory.HTTP_STATUS, f"{what}: status {reply.status}; redirects are not followed"
                )
            if reply.status != OK:
                raise CallFailed(FailureCategory.HTTP_STATUS, f"{what}: status {reply.status}; expected {OK}")
            data = bytearray()
            async for piece in reply.content.iter_chunked(_PIECE_BYTES):
                data += piece
                if len(data) > self.limits.max_body_bytes:
                    raise CallFailed(FailureCategory.TOO_LARGE, f"{what}: more bytes than {self.limits.max_body_bytes}")
            return bytes(data)
