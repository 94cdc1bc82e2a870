"""Assembles all public surfaces over any `Reads` and `Updates`.

From the outside in: cached responses (`Edge`), the access log, preflight requests of browsers, and the routes.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from schema.domain.base import DAY, HOUR
from schema.domain.errors import DomainError
from schema.domain.network.enrichment import SourceState
from schema.graphql.build import build_schema, export_sdl
from schema.graphql.execution.compiled import compile_operation
from schema.graphql.execution.context import (
    CollectionRules,
    ConnectionLimits,
    PublicRetention,
    PublicServiceInfo,
    SisterDeployment,
)
from schema.graphql.execution.engine import Engine
from schema.reads import CollectorState, Reads, Updates
from server.config.exposure import ANY
from server.dashboard.files import Site
from server.dashboard.operations import by_hash, documents
from server.dashboard.routes import dashboard_routes
from server.edge import Edge
from server.graphql_http.endpoint import GraphQLEndpoint
from server.graphql_http.feeds import Feeds
from server.graphql_http.holdings import MAX_BYTES_PER_SOCKET
from server.graphql_http.operations import Operations
from server.graphql_http.pace import MESSAGES_AT_ONCE, MESSAGES_PER_SECOND
from server.graphql_http.sockets import Doors
from server.graphql_http.websocket import MAX_SUBSCRIPTIONS, WebSockets
from server.http.access import GRAPHQL_PATH, AccessLog
from server.http.cache import ResponseCache, StoredResponse
from server.http.cors import Preflights
from server.http.ratelimit import RateLimit
from server.http.reply import Kept, Unkept, public_headers
from server.http.view import CurrentView
from server.lifecycle import Lifecycle
from server.metrics import Metrics, Scrape
from server.metrics_format import negotiated
from server.process.release import release
from server.process.supervisor import Supervisor, failures
from server.process.turns import Turns
from server.rest.errors import install_error_handlers
from server.rest.openapi import DocumentedApi
from server.rest.router import rest_surface
from server.rest.service import ServiceInfo
from server.settings import Settings
from server.transport.connections import Connections

CACHE_ENTRIES = 4_096
BODY_LIMIT_BYTES = 65_536
STALE_AFTER_INTERVALS = 2
COLLECTOR_SECONDS = 0.5
SDL_SECONDS = 300


class Background(Protocol):
    """What runs beside the requests: entered at start, left after the last answer."""

    def __call__(self) -> contextlib.AbstractAsyncContextManager[None]: ...


def assemble(
    settings: Settings,
    reads: Reads,
    updates: Updates,
    lifecycle: Lifecycle,
    *,
    background: Background = contextlib.nullcontext,
    store_ok: Callable[[], bool | None] = lambda: None,
    store_refusal: Callable[[], str | None] = lambda: None,
    supervisor: Supervisor | None = None,
    clock: Callable[[], float] = time.time,
    turns: Turns | None = None,
    connections: Connections | None = None,
    site: Site | None = None,
) -> Edge:
    """The ASGI application. `clock` returns unix seconds, `site` is the dashboard.

    `store_ok` returns the result of the last check of the store, `store_refusal` why the store must not be read, if so.
    Long work on all surfaces waits for its turn; `reads` with long work should share `turns`.
    """
    turns = turns or Turns()
    tasks = supervisor or Supervisor(on_give_up=lifecycle.fail)
    metrics = Metrics(lifecycle.process)
    view = CurrentView(reads, clock)
    cache = ResponseCache(view, max_entries=CACHE_ENTRIES, max_bytes=settings.response_cache_bytes)

    def nodes() -> int:
        current = reads.current()
        return len(current.nodes) if current is not None else 0

    engine = Engine(
        build_schema(),
        compile_operation=compile_operation if settings.graphql_compiled else None,
        interval=settings.cache_ttl,
        nodes=nodes,
    )
    limit = RateLimit(settings.rate_limit or None)
    operations = Operations(
        engine,
        reads,
        updates,
        _graphql_service(settings, connections.in_all if connections is not None else settings.max_connections),
        clock=clock,
        limit=limit,
        turns=turns,
        documents=by_hash(documents()),
    )
    feeds = Feeds()
    doors = Doors(
        in_all=settings.max_sockets,
        per_address=settings.max_sockets_per_address,
        allowed_origins=None if ANY in settings.allowed_origins else settings.allowed_origins or None,
    )
    graphql = GraphQLEndpoint(operations, feeds, cache, view, body_limit=BODY_LIMIT_BYTES, doors=doors)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        tasks.keep("watchdog", metrics.watch_event_loop)
        try:
            async with background():
                lifecycle.start()
                yield
                lifecycle.close()
        finally:
            await tasks.close()

    service = ServiceInfo(
        version=release(),
        network=settings.network,
        cache_ttl=settings.cache_ttl,
        recommended_per_group=settings.recommend_max_per_group,
        clock=clock,
        started_at=clock(),
        root_path=settings.root_path,
        sisters=settings.sisters,
        accepting=lambda: lifecycle.accepting,
        store_refusal=store_refusal,
        cache_hit_ratio=lambda: cache.hit_ratio,
    )
    app = DocumentedApi(service.version, root_path=settings.root_path, lifespan=lifespan)
    log_requests = partial(
        AccessLog,
        metrics=metrics,
        sample=settings.access_log_sample,
        slow_seconds=settings.slow_request_ms / 1_000,
    )
    asked = log_requests(graphql)
    rest = rest_surface(reads, service)
    edge = Edge(
        app,
        graphql,
        cache,
        view,
        ask=asked,
        root_path=settings.root_path,
        limit=limit,
        plain_query=rest.queries.plain,
        turn=lambda: turns.share(nodes()),
        account=asked.account,
        has_time=lambda: turns.has_time,
    )

    async def show_metrics(request: Request) -> Response:
        wanted = negotiated(",".join(request.headers.getlist("accept")))
        collector = await _collector(reads)
        scrape = Scrape(
            reads.current(),
            collector,
            store_ok(),
            edge.served,
            doors.sockets,
            clock(),
            streams=doors.streams,
            connections=(len(connections), connections.refused) if connections is not None else None,
            task_ends={**tasks.ends, **failures()},
            network=settings.network,
            sources=await _sources(reads),
        )
        headers = {"content-type": wanted.media_type, "vary": "Accept"}
        return Unkept(metrics.render(scrape, wanted.write), headers=headers)

    app.router.routes.extend(
        [
            Route(GRAPHQL_PATH, graphql, include_in_schema=False),
            WebSocketRoute(GRAPHQL_PATH, WebSockets(operations, feeds, doors)),
            Route("/schema.graphql", _show_schema, include_in_schema=False),
            Route("/metrics", show_metrics, include_in_schema=False),
            *dashboard_routes(site or Site(settings.root_path)),
        ]
    )
    app.include_router(rest.router)
    install_error_handlers(app)
    app.add_middleware(Preflights)
    app.add_middleware(log_requests)
    return edge


def _graphql_service(settings: Settings, in_all: int | None) -> PublicServiceInfo:
    return PublicServiceInfo(
        release=release(),
        network=settings.network,
        interval=settings.cache_ttl,
        stale_after=STALE_AFTER_INTERVALS * settings.cache_ttl,
        retention=PublicRetention(
            raw=settings.raw_retention_hours * HOUR,
            m5=settings.m5_retention_days * DAY,
            h1=settings.h1_retention_days * DAY,
            events=settings.events_retention_days * DAY,
        ),
        body_limit_bytes=BODY_LIMIT_BYTES,
        rate_limit=settings.rate_limit or None,
        connection_limits=ConnectionLimits(
            connections=in_all,
            connections_per_address=settings.max_connections_per_address or None,
            sockets=settings.max_sockets,
            sockets_per_address=settings.max_sockets_per_address,
            messages=MESSAGES_AT_ONCE,
            messages_per_second=int(MESSAGES_PER_SECOND),
            operations=MAX_SUBSCRIPTIONS,
            document_bytes=MAX_BYTES_PER_SOCKET,
        ),
        collection=CollectionRules(
            min_witnesses=settings.min_witnesses,
            max_newcomers=settings.max_newcomers,
            trusted_seeds=len(settings.trusted_seeds),
            probe_nodes=settings.probe_nodes,
            seed_discovery=settings.seed_discovery,
        ),
        sister_deployments=tuple(SisterDeployment(network=name, url=url) for name, url in settings.sisters.items()),
        recommended_per_group=settings.recommend_max_per_group,
    )


async def _show_schema(_: Request) -> Response:
    headers = public_headers(b"text/plain; charset=utf-8")
    return Kept(StoredResponse(export_sdl().encode(), headers), b"public, max-age=%d" % SDL_SECONDS)


async def _collector(reads: Reads) -> CollectorState | None:
    """The worker's own report. None while the store does not answer."""
    try:
        async with asyncio.timeout(COLLECTOR_SECONDS):
            return await reads.collector()
    except (DomainError, TimeoutError):
        return None


async def _sources(reads: Reads) -> tuple[SourceState, ...]:
    """The sources other than gossip. Empty while the store does not answer."""
    try:
        async with asyncio.timeout(COLLECTOR_SECONDS):
            return (await reads.enrichment()).sources
    except (DomainError, TimeoutError):
        return ()
