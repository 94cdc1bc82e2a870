"""The applications that `make bench` compares, one factory each, all over the same network in memory.

Started by name: `python -m tests.benchmarks.apps NAME PORT [NODES]`.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import repeat
from typing import Any

import strawberry
import strawberry.fastapi
import uvicorn
from fastapi import FastAPI
from pymongo import AsyncMongoClient
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import GraphQLRouter
from strawberry.schema.config import StrawberryConfig

from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode
from schema.domain.scoring.scores import score_node
from schema.domain.snapshot.record import Snapshot
from schema.graphql.execution.context import Context
from schema.graphql.query import Query
from schema.graphql.types.scalars import SCALARS
from server import logs
from server.app import assemble
from server.edge import Edge
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.transport.connections import Connections
from server.transport.direct import http_class
from server.transport.listener import listen
from tests.benchmarks.questions import ANSWER_20
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

NOW = AT + 5.0
CLOCK = repeat(NOW).__next__  # a fixed time, returned as quickly as `time.time` returns it


def whole(nodes: int) -> ASGIApp:
    """The server with its defaults."""
    return assemble(Settings(), FakeReads([network(nodes)]), FakeUpdates(), Lifecycle(), clock=CLOCK)


def cold(nodes: int) -> ASGIApp:
    """The server with its response cache off. Parsed documents are still cached."""
    settings = Settings(response_cache_bytes=0)
    return assemble(settings, FakeReads([network(nodes)]), FakeUpdates(), Lifecycle(), clock=CLOCK)


def scored(nodes: int) -> ASGIApp:
    """The server with its defaults, over a network whose nodes have scores of policy 2.0."""
    return assemble(Settings(), FakeReads([scored_network(nodes)]), FakeUpdates(), Lifecycle(), clock=CLOCK)


def scored_cold(nodes: int) -> ASGIApp:
    """The same with the response cache off."""
    settings = Settings(response_cache_bytes=0)
    return assemble(settings, FakeReads([scored_network(nodes)]), FakeUpdates(), Lifecycle(), clock=CLOCK)


def scored_network(nodes: int) -> Snapshot:
    """`network`, with an estimate for each online node."""
    found = network(nodes)
    estimated = [
        node.model_copy(update={"estimate": _estimate(place)}) if node.is_online else node
        for place, node in enumerate(found.nodes)
    ]
    return Snapshot(header=found.header, nodes=tuple(estimated))


def _estimate(place: int) -> Estimate:
    composite = round(30 + place * 13.37 % 70, 2)
    return Estimate(
        expected_loss=0.01,
        composite=composite,
        low=round(composite * 0.9, 2),
        high=100.0,
        shares=(0.9, 0.5, 1.0, 1.0, 1.0),
        raw=(0.99,) * 5,
        policy_version="2.0",
        rank=place + 1,
    )


def raw(_: int) -> ASGIApp:
    """A bare ASGI handler: the same bytes for every request, and a 304, which has only headers, for /pnodes."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER_20))]
    unchanged = [
        (b"etag", b'"00000000000000000000000000000000"'),
        (b"cache-control", b"public, max-age=55, stale-while-revalidate=60"),
        (b"vary", b"Accept-Encoding"),
        (b"access-control-allow-origin", b"*"),
    ]

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/pnodes":
            await send({"type": "http.response.start", "status": 304, "headers": unchanged})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER_20})

    return handler


def plain(nodes: int) -> ASGIApp:
    """A FastAPI route that returns 20 nodes as dictionaries."""
    app = FastAPI()
    rows = [
        node.model_dump(mode="json", include={"id", "address", "version", "status"}) for node in network(nodes).nodes
    ]

    @app.get("/pnodes")
    async def _pnodes() -> list[dict[str, Any]]:
        return rows[:20]

    return app


def stock(nodes: int) -> ASGIApp:
    """The same schema on Strawberry's own router, with its defaults."""
    return _strawberry(nodes, [])


def stock_cached(nodes: int) -> ASGIApp:
    """The same with Strawberry's parser and validation caches."""
    return _strawberry(nodes, [ParserCache, ValidationCache])


def _strawberry(nodes: int, extensions: list[Any]) -> ASGIApp:
    schema = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS), extensions=extensions)
    reads, updates = FakeReads([network(nodes)]), FakeUpdates()

    async def context() -> Any:
        return _StockContext(reads=reads, updates=updates, now=NOW)

    app = FastAPI()
    app.include_router(GraphQLRouter(schema, context_getter=context, graphql_ide=None), prefix="/graphql")
    return app


class _StockContext(Context, strawberry.fastapi.BaseContext):
    """Our context, in the form that Strawberry's router requires."""


def earlier(nodes: int) -> ASGIApp:
    """`/pnodes` in the earlier API's design: each request loads the whole snapshot and scores each node."""
    uri = sys.argv[4]
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri)
    database = client["earlier"]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        snapshot = network(nodes)
        documents = [node.model_dump(mode="json") for node in snapshot.nodes]
        await client.drop_database("earlier")
        await database["snapshot"].insert_one({"_id": "snapshot", "data": {"nodes": documents}})
        await database["registry"].insert_many([{**d, "_id": d["id"]} for d in documents])
        yield
        await client.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/pnodes")
    async def _pnodes(limit: int = 100) -> dict[str, Any]:
        snapshot = await database["snapshot"].find_one({"_id": "snapshot"})
        scored: list[dict[str, Any]] = []
        for document in snapshot["data"]["nodes"] if snapshot else []:
            entry = await database["registry"].find_one({"_id": document["id"]})
            node = PNode.model_validate(document)
            score = score_node(node, latest_version="0.8.0")
            composite = score.composite if score else 0
            scored.append({**document, "first_seen": entry and entry["first_seen"], "score": composite})
        scored.sort(key=lambda row: -row["score"])
        return {"pnodes": scored[:limit]}

    return app


def ticking(nodes: int) -> ASGIApp:
    """The server with a new snapshot every second. The slot of each is the time of its commit."""
    reads, updates = FakeReads([network(nodes, int(time.time()))]), FakeUpdates()
    settings = Settings(max_sockets=2_000, max_sockets_per_address=2_000)

    @asynccontextmanager
    async def ticker() -> AsyncGenerator[None]:
        task = asyncio.create_task(_tick(reads, updates, nodes))
        yield
        task.cancel()

    return assemble(settings, reads, updates, Lifecycle(), background=ticker)


async def _tick(reads: FakeReads, updates: FakeUpdates, nodes: int) -> None:
    base = network(nodes)
    while True:
        await asyncio.sleep(1 - time.time() % 1)
        second = round(time.time())  # the timer may fire a moment early
        header = base.header.model_copy(update={"slot": second, "taken_at": second})
        newest = Snapshot(header=header, nodes=base.nodes)
        reads.snapshots = [newest]
        updates.push(newest)


APPS: dict[str, Callable[[int], ASGIApp]] = {
    "whole": whole,
    "cold": cold,
    "scored": scored,
    "scored_cold": scored_cold,
    "raw": raw,
    "plain": plain,
    "stock": stock,
    "stock_cached": stock_cached,
    "earlier": earlier,
    "ticking": ticking,
}
# The applications that are served like the server, with its limits on connections.
OURS = frozenset({"whole", "cold", "scored", "scored_cold", "ticking"})


if __name__ == "__main__":
    name, port = sys.argv[1], int(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    logs.configure(level="info", log_format="json")
    app = APPS[name](count)
    gc.collect()
    gc.freeze()  # as the server does with each snapshot that it loads
    ours = name in OURS
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        http=http_class(Connections(), app.known, app.has_time) if isinstance(app, Edge) else "auto",
    )
    uvicorn.Server(config).run(sockets=[listen("127.0.0.1", port)] if ours else None)
