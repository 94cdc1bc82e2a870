"""What a hostile node can cause: nothing that costs more than the limits, and always a category."""

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable

import aiohttp
import orjson
import pytest

from jobs.prpc import wire
from jobs.prpc.address import Endpoint, parse_seed
from jobs.prpc.client import MIB, Limits, PrpcClient
from jobs.prpc.dial import Dialler, Route
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import FailureCategory
from tests.jobs.prpc.nodes import Act, Exchange, Node, pod
from tests.patience import let_pass, patience, settle

# Long enough for any busy machine. The tests of deadlines advance the time.
CALL_SECONDS = 40.0
LIMITS = Limits(call_seconds=CALL_SECONDS, connect_seconds=20, max_body_bytes=64 * 1024)


def later(seconds: float = 80.0) -> float:
    return asyncio.get_running_loop().time() + seconds


def route_to(node: Node) -> Route:
    return Route("127.0.0.1", Endpoint("127.0.0.1", node.port), node.address)


@pytest.fixture
async def client() -> AsyncIterator[PrpcClient]:
    async with PrpcClient(Dialler(), LIMITS) as opened:
        yield opened


async def failure_of(client: PrpcClient, route: Route, method: str = wire.GET_PODS) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        await client.call(route, method, later())
    return failed.value


# -- a good node


async def test_a_call_gives_the_result_and_its_latency(client: PrpcClient):
    async with Node(pod({wire.GET_PODS: {"pods": []}})) as node:
        answer = await client.call(route_to(node), wire.GET_PODS, later())
    assert answer.result == {"pods": []}
    assert 0 < answer.latency_ms < 1e3 * CALL_SECONDS


@pytest.mark.parametrize(
    ("header", "date"),
    [({"date": "Mon, 30 Nov 2026 16:00:45 GMT"}, 1_796_054_445.0), ({"date": "soon"}, None), ({}, None)],
)
async def test_an_answer_says_what_the_nodes_clock_shows(
    client: PrpcClient, header: dict[str, str], date: float | None
):
    async def act(exchange: Exchange) -> None:
        envelope = {"error": None, "id": exchange.call["id"], "result": {"pods": []}}
        await exchange.answer(orjson.dumps(envelope), headers=header)

    async with Node(act) as node:
        answer = await client.call(route_to(node), wire.GET_PODS, later())
    assert answer.date == date


async def test_what_a_pod_gets_to_see(client: PrpcClient):
    async with Node(pod({wire.GET_VERSION: {"version": "0.8.0"}})) as node:
        await client.call(
            Route("45.1.2.7", Endpoint("127.0.0.1", node.port), "pod.example:6000"), "get-version", later()
        )
    lines = node.exchanges[0].head.decode().lower().split("\r\n")
    assert lines[0] == "post /rpc http/1.1"
    assert {"host: pod.example:6000", "content-type: application/json", "accept-encoding: identity"} <= set(lines)
    assert node.exchanges[0].call == {"jsonrpc": "2.0", "id": 1, "method": "get-version"}


async def test_calls_share_a_connection_and_have_ids_of_their_own(client: PrpcClient):
    async with Node(pod({method: {} for method in wire.METHODS})) as node:
        for method in wire.METHODS:
            await client.call(route_to(node), method, later())
    assert node.connections == 1
    assert [exchange.call["id"] for exchange in node.exchanges] == [1, 2, 3, 4]


async def test_a_cookie_is_not_kept(client: PrpcClient):
    async def act(exchange: Exchange) -> None:
        await exchange.answer(b'{"id":%d,"result":{}}' % exchange.call["id"], headers={"set-cookie": "a=b"})

    async with Node(act) as node:
        await client.call(route_to(node), wire.GET_STATS, later())
        await client.call(route_to(node), wire.GET_STATS, later())
    assert b"cookie" not in node.exchanges[1].head.lower()


async def test_an_error_of_the_pod_has_its_code(client: PrpcClient):
    async with Node(pod({})) as node:
        failed = await failure_of(client, route_to(node))
    assert (failed.failure.category, failed.rpc_code) == (FailureCategory.RPC_ERROR, -32601)


# -- hostile nodes

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
ENDLESS_CHUNKS = 2_000
DRIP_SECONDS = 0.01
CHUNK = b"10000\r\n" + b" " * 65_536 + b"\r\n"


async def silent(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def dripping_body(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"content-length: 50000\r\n\r\n")
    while True:
        await exchange.send(b" ")
        await asyncio.sleep(DRIP_SECONDS)


async def dripping_headers(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(10_000):
        await exchange.send(b"x-%d" % number)
        await asyncio.sleep(DRIP_SECONDS)


async def endless(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    for _ in range(ENDLESS_CHUNKS):
        await exchange.send(CHUNK)


async def announced_as_huge(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"content-length: 999999999999\r\n\r\n{")
    await asyncio.Event().wait()


async def announced_as_huge_in_small(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"content-length: 1000\r\n\r\n{")
    await asyncio.Event().wait()


async def huge_header(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"x: " + b"a" * 5_000_000 + b"\r\ncontent-length: 2\r\n\r\n{}")


async def endless_headers(exchange: Exchange) -> None:
    await exchange.send(HEAD)
    for _ in range(5_000):
        await exchange.send(b"x: b\r\n" * 4_000)
        await asyncio.sleep(0)


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def hang_up(exchange: Exchange) -> None:
    exchange.close()


async def half_a_body(exchange: Exchange) -> None:
    await exchange.send(HEAD + b'content-length: 1000\r\n\r\n{"id":1')
    exchange.close()


async def broken_chunks(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n")
    exchange.close()


async def not_http(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
    exchange.close()


async def two_lengths(exchange: Exchange) -> None:
    await exchange.send(HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}")
    exchange.close()


def saying(body: bytes, status: int = 200, **headers: str) -> Act:
    async def act(exchange: Exchange) -> None:
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.answer(body, status=status, headers=spelled)

    return act


HTML = b"<!DOCTYPE html><html><body>403 Forbidden</body></html>"

HOSTILE: dict[str, tuple[Act, FailureCategory]] = {
    "endless chunks": (endless, FailureCategory.TOO_LARGE),
    "announced as huge": (announced_as_huge, FailureCategory.TOO_LARGE),
    "huge header": (huge_header, FailureCategory.TOO_LARGE),
    "endless headers": (endless_headers, FailureCategory.NOT_JSON),
    "reset": (reset, FailureCategory.UNREACHABLE),
    "hang up": (hang_up, FailureCategory.UNREACHABLE),
    "half a body": (half_a_body, FailureCategory.UNREACHABLE),
    "broken chunks": (broken_chunks, FailureCategory.NOT_JSON),
    "not HTTP": (not_http, FailureCategory.NOT_JSON),
    "two lengths": (two_lengths, FailureCategory.NOT_JSON),
    "HTML": (saying(HTML, content_type="text/html"), FailureCategory.NOT_JSON),
    "empty": (saying(b""), FailureCategory.NOT_JSON),
    "500": (saying(b"{}", 500), FailureCategory.HTTP_STATUS),
    "403 as HTML": (saying(HTML, 403, content_type="text/html"), FailureCategory.HTTP_STATUS),
    "204": (saying(b"", 204), FailureCategory.HTTP_STATUS),
    "deep JSON": (saying(b"[" * 50_000), FailureCategory.NOT_JSON),
    "NaN": (saying(b'{"id":1,"result":{"x":NaN}}'), FailureCategory.NOT_JSON),
    "lone surrogate": (saying(b'{"id":1,"result":"\\ud800"}'), FailureCategory.NOT_JSON),
    "bad UTF-8": (saying(b'{"id":1,"result":"\xff\xfe"}'), FailureCategory.NOT_JSON),
    "another id": (saying(b'{"id":99,"result":{}}'), FailureCategory.BAD_SHAPE),
    "a list": (saying(b"[]"), FailureCategory.BAD_SHAPE),
    "gzip": (saying(gzip.compress(b'{"id":1,"result":{}}'), content_encoding="gzip"), FailureCategory.NOT_JSON),
}


@pytest.mark.parametrize(("act", "category"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_node_fails_with_its_category(client: PrpcClient, act: Act, category: FailureCategory):
    async with Node(act) as node, patience():
        failed = await failure_of(client, route_to(node))
    assert (failed.failure.category, failed.reached) == (category, True)
    assert failed.failure.message.isprintable()


@pytest.mark.parametrize("act", [silent, dripping_body, dripping_headers, announced_as_huge_in_small])
async def test_a_node_that_does_not_come_to_an_end_is_given_up_after_the_time_of_a_call(client: PrpcClient, act: Act):
    async with Node(act) as node, patience():
        calling = asyncio.create_task(failure_of(client, route_to(node)))
        await node.asked()
        let_pass(CALL_SECONDS / 2)
        await settle()
        assert not calling.done()
        let_pass(CALL_SECONDS / 2)
        failed = await calling
    assert (failed.failure.category, failed.reached) == (FailureCategory.TIMEOUT, True)


@pytest.mark.parametrize("act", [endless, endless_headers, huge_header])
async def test_of_what_never_ends_only_a_bounded_part_is_taken(client: PrpcClient, act: Act):
    async with Node(act) as node:
        tracemalloc.start()
        await failure_of(client, route_to(node))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # The kernel's buffers take some megabytes; the whole would be 5 to 130.
    assert node.sent < 16 * MIB
    assert peak < 16 * MIB


async def test_a_compression_bomb_is_not_unpacked(client: PrpcClient):
    bomb = gzip.compress(b"0" * 20 * MIB, 9)
    async with Node(saying(bomb, content_encoding="gzip")) as node:
        tracemalloc.start()
        failed = await failure_of(client, route_to(node))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "compressed" in failed.failure.message
    assert peak < 2 * MIB


async def test_a_body_of_exactly_the_cap_is_taken():
    body = b'{"id":1,"result":{"pods":[]}}'
    async with Node(saying(body)) as node:
        async with PrpcClient(Dialler(), Limits(max_body_bytes=len(body))) as client:
            assert (await client.call(route_to(node), wire.GET_PODS, later())).result == {"pods": []}
        async with PrpcClient(Dialler(), Limits(max_body_bytes=len(body) - 1)) as client:
            failed = await failure_of(client, route_to(node))
    assert failed.failure.category is FailureCategory.TOO_LARGE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(client: PrpcClient, status: int):
    async with (
        Node(pod({wire.GET_PODS: {"pods": []}})) as other,
        Node(saying(b"", status, location=f"http://{other.address}/rpc")) as node,
    ):
        failed = await failure_of(client, route_to(node))
    assert failed.failure.category is FailureCategory.HTTP_STATUS
    assert str(status) in failed.failure.message
    assert other.connections == 0


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch):
    async with Node(silent) as trap, Node(pod({wire.GET_PODS: {"pods": []}})) as node:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{trap.address}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with aiohttp.ClientSession(trust_env=True) as gullible:
            posting = asyncio.create_task(gullible.post(f"http://{node.address}/rpc", data=b"{}"))
            await trap.asked()  # the trap works
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
        assert trap.connections == 1
        async with PrpcClient(Dialler(), LIMITS) as client:
            await client.call(route_to(node), wire.GET_PODS, later())
    assert trap.connections == 1


# -- no connection


async def test_a_closed_port_refuses(client: PrpcClient):
    async with Node(silent) as node:
        route = route_to(node)
    failed = await failure_of(client, route)
    assert (failed.failure.category, failed.reached) == (FailureCategory.REFUSED, False)


async def test_a_host_that_never_answers_costs_the_connect_timeout(client: PrpcClient):
    with socket.socket() as listener, socket.socket() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting.connect(listener.getsockname())  # the queue is full now, so the kernel drops new connections
        route = Route("127.0.0.1", Endpoint(*listener.getsockname()), "x")
        calling = asyncio.create_task(failure_of(client, route))
        await settle()
        assert not calling.done()
        let_pass(LIMITS.connect_seconds)
        async with patience():
            failed = await calling
    assert (failed.failure.category, failed.reached) == (FailureCategory.TIMEOUT, False)


async def test_no_call_starts_when_no_time_is_left(client: PrpcClient):
    async with Node(pod({wire.GET_PODS: {"pods": []}})) as node:
        with pytest.raises(CallFailed) as failed:
            await client.call(route_to(node), wire.GET_PODS, later(-1.0))
    assert failed.value.failure.category is FailureCategory.TIMEOUT
    assert node.connections == 0


async def test_a_call_ends_with_the_seeds_deadline_if_that_comes_first():
    async with Node(silent) as node, PrpcClient(Dialler(), LIMITS) as client, patience():
        calling = asyncio.create_task(client.call(route_to(node), wire.GET_PODS, later(CALL_SECONDS / 2)))
        await node.asked()
        let_pass(CALL_SECONDS / 2)
        with pytest.raises(CallFailed):
            await calling


async def test_a_name_that_does_not_resolve_in_time_is_a_timeout():
    async def never(name: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with PrpcClient(Dialler(resolve=never), LIMITS) as client, patience():
        finding = asyncio.create_task(client.route(parse_seed("pod.example"), later()))
        await settle()
        let_pass(LIMITS.connect_seconds)
        with pytest.raises(CallFailed) as failed:
            await finding
    assert (failed.value.failure.category, failed.value.reached) == (FailureCategory.TIMEOUT, False)


# -- the guard cannot be bypassed


@pytest.mark.parametrize("host", ["45.1.2.7", "169.254.169.254", "pod.example", "localhost"])
async def test_with_a_dial_map_no_target_outside_loopback_gets_a_socket(monkeypatch: pytest.MonkeyPatch, host: str):
    made: list[object] = []
    dialler = Dialler(dial_map={"45.1.2.7": "127.0.0.1:4001"})
    genuine: Callable[..., socket.socket] = socket.socket
    async with PrpcClient(dialler, LIMITS) as client:
        monkeypatch.setattr(socket, "socket", lambda *a, **k: made.append(a) or genuine(*a, **k))
        failed = await failure_of(client, Route(host, Endpoint(host, 6000), host))
    assert (failed.failure.category, failed.reached) == (FailureCategory.FORBIDDEN_ADDRESS, False)
    assert made == []


async def test_a_client_that_is_not_open_says_so():
    client = PrpcClient(Dialler())
    with pytest.raises(RuntimeError, match="async with"):
        await client.call(Route("127.0.0.1", Endpoint("127.0.0.1", 1), "x"), wire.GET_PODS, later())
    await client.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("interval", "crawl", "seed"), [(60, 36.0, 10.0), (90, 54.0, 10.0), (5, 3.0, 3.0), (10, 6.0, 6.0)]
)
def test_the_limits_follow_the_polling_interval(interval: int, crawl: float, seed: float):
    limits = Limits.for_interval(interval, max_pods=7)
    assert (limits.crawl_seconds, limits.seed_seconds, limits.call_seconds, limits.max_pods) == (crawl, seed, 5.0, 7)
