"""The web side compared with its theoretical maximum, and with stock libraries."""

import http.client
import statistics
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import orjson

from tests.benchmarks.constant_rate import below_the_peak
from tests.benchmarks.harness import Case, Load, Server, compare, serving
from tests.benchmarks.questions import pnodes

ROUNDS, SECONDS = 5, 2
REST = "/pnodes?limit=100"
# The cases whose latency is also measured at a constant rate.
BELOW_THE_PEAK = ("cached GraphQL POST", "cold GraphQL 20 nodes", "cold GraphQL 250 nodes")


def run(mongo_uri: str, *, rounds: int = ROUNDS, seconds: int = SECONDS) -> dict[str, Any]:
    """All web figures: loads by case, ratios, CPU of a cold request, and memory."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(name, "300", *extra))
            for name, extra in (
                ("whole", ()),
                ("cold", ()),
                ("raw", ()),
                ("plain", ()),
                ("stock", ()),
                ("stock_cached", ()),
                ("earlier", (mongo_uri,)),
            )
        }
        etag = _etag(servers["whole"], REST)
        cases = _cases(servers, etag)
        loads = compare(cases, rounds=rounds, seconds=seconds)
        below = {
            case.name: below_the_peak(case, loads[case.name].requests_per_second, rounds=rounds, seconds=seconds)
            for case in cases
            if case.name in BELOW_THE_PEAK
        }
        cpu = {f"cold GraphQL {n} nodes": cold_cpu_ms(servers["cold"], pnodes(n)) for n in (20, 250)}
        memory = {"300 nodes": servers["whole"].memory_mb()}
    with serving("whole", "10000") as large:
        _ask(large, pnodes(500), times=50)
        memory["10000 nodes"] = large.memory_mb()
        many = compare(
            [Case("cached GraphQL at 10,000 nodes", large, "/graphql", pnodes(20))], rounds=3, seconds=seconds
        )
    loads |= many
    return {
        "loads": {name: load._asdict() for name, load in loads.items()},
        "below_the_peak": {name: found._asdict() | {"ratio": found.ratio} for name, found in below.items()},
        "ratios": ratios(loads),
        "cold_cpu_ms": cpu,
        "memory_mb": memory,
    }


def _cases(servers: dict[str, Server], etag: str) -> Sequence[Case]:
    not_modified = (("if-none-match", etag),)
    return [
        Case("raw ASGI, same bytes", servers["raw"], "/graphql", pnodes(20)),
        Case("raw ASGI 304", servers["raw"], REST, None, not_modified),
        Case("cached GraphQL POST", servers["whole"], "/graphql", pnodes(20)),
        Case("cached REST", servers["whole"], "/pnodes?limit=10"),
        Case("REST 304", servers["whole"], REST, None, not_modified),
        Case("cold GraphQL 20 nodes", servers["cold"], "/graphql", pnodes(20)),
        Case("cold GraphQL 250 nodes", servers["cold"], "/graphql", pnodes(250)),
        Case("cold REST 100 nodes", servers["cold"], REST, connections=2, patience=2),
        Case("plain FastAPI 20 rows", servers["plain"], "/pnodes"),
        Case("stock Strawberry 20 nodes", servers["stock"], "/graphql", pnodes(20)),
        Case("stock Strawberry 250 nodes", servers["stock"], "/graphql", pnodes(250)),
        Case("stock with its caches 20 nodes", servers["stock_cached"], "/graphql", pnodes(20)),
        Case("stock with its caches 250 nodes", servers["stock_cached"], "/graphql", pnodes(250)),
        Case("earlier API's design, 100 nodes", servers["earlier"], REST, connections=2, patience=2),
    ]


def ratios(loads: dict[str, Load]) -> dict[str, float]:
    """The required ratios: requests per second of one case divided by those of another."""

    def ratio(one: str, other: str) -> float:
        share = loads[one].requests_per_second / loads[other].requests_per_second
        return round(share, 2 if share >= 0.2 else 3)

    return {
        "cached GraphQL POST / raw": ratio("cached GraphQL POST", "raw ASGI, same bytes"),
        "cached REST / raw": ratio("cached REST", "raw ASGI, same bytes"),
        "304 / raw 304": ratio("REST 304", "raw ASGI 304"),
        # Stock Strawberry calls the same resolvers and has their cost too, so only these ratios show a slow one.
        "cold GraphQL 20 / raw": ratio("cold GraphQL 20 nodes", "raw ASGI, same bytes"),
        "cold GraphQL 250 / raw": ratio("cold GraphQL 250 nodes", "raw ASGI, same bytes"),
        "cold REST 100 / raw": ratio("cold REST 100 nodes", "raw ASGI, same bytes"),
        "cold GraphQL 20 / stock": ratio("cold GraphQL 20 nodes", "stock Strawberry 20 nodes"),
        "cold GraphQL 250 / stock": ratio("cold GraphQL 250 nodes", "stock Strawberry 250 nodes"),
        "cold GraphQL 20 / stock with its caches": ratio("cold GraphQL 20 nodes", "stock with its caches 20 nodes"),
        "cold GraphQL 250 / stock with its caches": ratio("cold GraphQL 250 nodes", "stock with its caches 250 nodes"),
        "cold REST 100 / earlier design": ratio("cold REST 100 nodes", "earlier API's design, 100 nodes"),
        "cached GraphQL at 10,000 / at 300 nodes": ratio("cached GraphQL at 10,000 nodes", "cached GraphQL POST"),
    }


def cold_cpu_ms(server: Server, body: bytes, *, requests: int = 400, rounds: int = 5) -> float:
    """CPU time of the server's process for one request, in ms: the median of rounds of sequential requests."""
    _ask(server, body, times=20)
    found: list[float] = []
    for _ in range(rounds):
        before = server.cpu_seconds()
        _ask(server, body, times=requests)
        found.append((server.cpu_seconds() - before) / requests * 1_000)
    return round(statistics.median(found), 3)


def _ask(server: Server, body: bytes, *, times: int) -> None:

    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for _ in range(times):
        connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        answer = connection.getresponse().read()
        if b'"errors"' in answer[:20]:
            raise RuntimeError(orjson.loads(answer)["errors"])
    connection.close()


def _etag(server: Server, path: str) -> str:
    etag: str | None = None
    for _ in range(3):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10) as response:
            etag = response.headers["etag"]
        time.sleep(0.01)
    return str(etag)
