"""All seeds are polled, and each failure of a seed is an outcome."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jobs.cycle.crawl import crawl
from jobs.prpc import wire
from jobs.prpc.address import Endpoint, Seed, parse_seed
from jobs.prpc.client import Limits, PrpcClient, RpcReply
from jobs.prpc.dial import Dialler, Route
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import Failure, FailureCategory
from schema.domain.node.observation import PodStats, SeedReply
from tests.factories import AT, address, key, observation
from tests.jobs.prpc.nodes import Exchange, Node, pod
from tests.patience import let_pass, patience, settle

ROW = {"address": address(1), "last_seen_timestamp": AT, "pubkey": key(1), "version": "0.8.0"}
STATS = {"uptime": 5, "cpu_percent": -1}
GOOD: dict[str, Any] = {
    wire.GET_VERSION: {"version": "0.8.0"},
    wire.GET_STATS: STATS,
    wire.GET_PODS: {"pods": [ROW]},
    wire.GET_PODS_WITH_STATS: {"pods": [ROW | {"uptime": 7}, {"address": "x"}]},
}
UNKNOWN = CallFailed(FailureCategory.RPC_ERROR, "JSON-RPC error -32601: Method not found", rpc_code=-32601)
BROKEN = CallFailed(FailureCategory.HTTP_STATUS, "HTTP status 500")
REFUSED = CallFailed(FailureCategory.REFUSED, "refused", reached=False)


class FakeClient:
    """Responds from a table by host and method: a result, an exception, or a function that returns either."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.asked: list[tuple[str, str]] = []
        self.active = self.most_active = 0
        self._tables = tables

    async def route(self, seed: Seed, until: float) -> Route:
        found = self._tables[seed.host].get("route")
        if isinstance(found, Exception):
            raise found
        return Route(found or seed.host, Endpoint(seed.host, seed.port), seed.name)

    async def call(self, route: Route, method: str, until: float) -> RpcReply:
        self.asked.append((route.host, method))
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        await asyncio.sleep(0)
        self.active -= 1
        found = self._tables[route.target.host].get(method, UNKNOWN)
        if isinstance(found, Exception):
            raise found
        return RpcReply(found, 12.5)


def at(moment: float = AT) -> Callable[[], float]:
    return lambda: moment


async def ask(table: Mapping[str, Any], limits: Limits | None = None) -> SeedReply:
    (reply,) = await crawl(FakeClient({"45.1.2.7": table}, limits), [parse_seed("45.1.2.7")], clock=at())
    return reply


async def test_a_whole_answer():
    assert await ask(GOOD) == SeedReply(
        seed="45.1.2.7",
        host="45.1.2.7",
        answered_at=AT,
        version="0.8.0",
        stats=PodStats(uptime=5),
        observations=(
            observation(
                1,
                last_seen=AT,
                is_public=None,
                rpc_port=None,
                uptime=7,
                storage_committed=None,
                storage_used=None,
                storage_usage_percent=None,
            ),
        ),
        has_stats=True,
        dropped={"pod:address": 1, "stats:cpu_percent": 1},
        latency_ms={wire.GET_PODS_WITH_STATS: 12.5, wire.GET_VERSION: 12.5, wire.GET_STATS: 12.5},
    )


async def test_the_list_is_asked_first():
    client = FakeClient({"45.1.2.7": GOOD})
    await crawl(client, [parse_seed("45.1.2.7")], clock=at())
    assert [method for _, method in client.asked] == [wire.GET_PODS_WITH_STATS, wire.GET_VERSION, wire.GET_STATS]


async def test_a_pod_older_than_lists_with_figures_is_asked_for_the_plain_one():
    reply = await ask({k: v for k, v in GOOD.items() if k != wire.GET_PODS_WITH_STATS})
    assert reply.observations is not None
    assert (reply.has_stats, len(reply.observations), reply.failure) == (False, 1, None)
    assert set(reply.latency_ms) == {wire.GET_PODS, wire.GET_VERSION, wire.GET_STATS}


async def test_only_an_unknown_method_leads_to_the_plain_list():
    client = FakeClient({"45.1.2.7": GOOD | {wire.GET_PODS_WITH_STATS: BROKEN}})
    (reply,) = await crawl(client, [parse_seed("45.1.2.7")], clock=at())
    assert ("45.1.2.7", wire.GET_PODS) not in client.asked
    assert reply.failure == BROKEN.failure


async def test_without_a_list_the_rest_may_be_known_all_the_same():
    reply = await ask(GOOD | {wire.GET_PODS_WITH_STATS: {"pods": None}})
    assert reply.failure is not None
    assert reply.failure.category is FailureCategory.BAD_SHAPE
    assert (reply.observations, reply.version, reply.stats) == (None, "0.8.0", PodStats(uptime=5))
    assert reply.dropped == {"stats:cpu_percent": 1}


async def test_without_the_rest_the_list_stands():
    reply = await ask({wire.GET_PODS_WITH_STATS: {"pods": []}, wire.GET_VERSION: BROKEN, wire.GET_STATS: []})
    assert (reply.failure, reply.observations, reply.version, reply.stats) == (None, (), None, None)


async def test_a_node_that_is_not_reached_is_not_tried_again():
    client = FakeClient({"45.1.2.7": dict.fromkeys(wire.METHODS, REFUSED)})
    (reply,) = await crawl(client, [parse_seed("45.1.2.7")], clock=at())
    assert client.asked == [("45.1.2.7", wire.GET_PODS_WITH_STATS)]
    assert reply == SeedReply("45.1.2.7", "45.1.2.7", AT, failure=REFUSED.failure)


async def test_a_seed_without_a_route_is_a_failure():
    forbidden = CallFailed(FailureCategory.FORBIDDEN_ADDRESS, "no", reached=False)
    assert await ask({"route": forbidden}) == SeedReply("45.1.2.7", "45.1.2.7", AT, failure=forbidden.failure)


async def test_the_host_of_a_named_seed_is_the_address_that_it_led_to():
    client = FakeClient({"pod.example": GOOD | {"route": "45.1.2.7"}})
    (reply,) = await crawl(client, [parse_seed("pod.example")], clock=at())
    assert (reply.seed, reply.host) == ("pod.example", "45.1.2.7")


async def test_the_cap_on_pods_is_the_clients():
    rows = [ROW | {"address": address(n)} for n in range(1, 6)]
    reply = await ask(GOOD | {wire.GET_PODS_WITH_STATS: {"pods": rows}}, Limits(max_pods=2))
    assert reply.observations is not None
    assert (len(reply.observations), reply.dropped["pod:over_limit"]) == (2, 3)


async def test_a_defect_of_ours_is_one_seeds_failure_and_not_the_end_of_the_cycle():
    client = FakeClient({"45.1.2.7": {wire.GET_PODS_WITH_STATS: ZeroDivisionError()}, "45.1.2.8": GOOD})
    replies = await crawl(client, [parse_seed("45.1.2.7"), parse_seed("45.1.2.8")], clock=at())
    message = "the answer could not be handled (ZeroDivisionError)"
    assert replies[0].failure == Failure(category=FailureCategory.BAD_SHAPE, message=message)
    assert replies[1].failure is None


async def test_replies_are_in_the_order_of_the_configuration_and_parallelism_is_bounded():
    hosts = [f"45.1.2.{n}" for n in range(1, 31)]
    client = FakeClient(dict.fromkeys(hosts, GOOD), Limits(parallelism=4))
    replies = await crawl(client, [parse_seed(host) for host in hosts], clock=at())
    assert [reply.host for reply in replies] == hosts
    assert client.most_active == 4


async def test_no_seeds_no_replies():
    assert await crawl(FakeClient({}), []) == ()


# -- over sockets

# Long enough for any busy machine. The tests of deadlines advance the time.
PATIENT = Limits(call_seconds=40, seed_seconds=60, connect_seconds=40, crawl_seconds=300)


async def silent(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def test_good_slow_and_dead_seeds_together():
    async with Node(pod(GOOD)) as dead:
        gone = dead.seed
    async with Node(pod(GOOD)) as good, Node(silent) as slow, PrpcClient(Dialler(), PATIENT) as client, patience():
        before = time.time()
        crawling = asyncio.create_task(crawl(client, [slow.seed, gone, good.seed, parse_seed("10.0.0.1")]))
        await slow.asked()
        await good.asked(3)
        await settle()
        assert not crawling.done()
        let_pass(PATIENT.seed_seconds)
        replies = await crawling
    assert [reply.failure and reply.failure.category for reply in replies] == [
        FailureCategory.TIMEOUT,
        FailureCategory.REFUSED,
        None,
        FailureCategory.FORBIDDEN_ADDRESS,
    ]
    assert before <= replies[2].answered_at <= time.time()


async def test_one_deadline_covers_all_calls_to_a_seed():
    async with Node(silent) as slow, PrpcClient(Dialler(), PATIENT) as client, patience():
        crawling = asyncio.create_task(crawl(client, [slow.seed]))
        await slow.asked()
        let_pass(PATIENT.call_seconds)
        await slow.asked(2)
        assert not crawling.done()
        let_pass(PATIENT.seed_seconds - PATIENT.call_seconds)
        await crawling
    # The second call gets the remaining time of the first, the third none.
    assert slow.methods == [wire.GET_PODS_WITH_STATS, wire.GET_VERSION]


async def test_a_crawl_ends_in_time_however_many_seeds_stall():
    limits = Limits(call_seconds=40, seed_seconds=40, crawl_seconds=60, connect_seconds=40, parallelism=1)
    async with Node(silent) as slow, PrpcClient(Dialler(), limits) as client, patience():
        seeds = [slow.seed._replace(name=f"slow {n}") for n in range(20)]
        crawling = asyncio.create_task(crawl(client, seeds))
        await slow.asked()
        let_pass(limits.seed_seconds)
        await slow.asked(2)
        let_pass(limits.crawl_seconds - limits.seed_seconds)
        replies = await crawling
    assert {reply.failure and reply.failure.category for reply in replies} == {FailureCategory.TIMEOUT}
    assert len(slow.methods) == 2, "the others are not asked any more"


async def test_through_a_dial_map_a_simulated_network_is_reached_under_its_own_addresses():
    async with Node(pod(GOOD)) as node:
        dialler = Dialler(dial_map={"45.1.2.7:6000": node.address})
        async with PrpcClient(dialler) as client:
            replies = await crawl(client, [parse_seed("45.1.2.7"), parse_seed("45.1.2.8")])
    assert (replies[0].host, replies[0].version) == ("45.1.2.7", "0.8.0")
    assert replies[1].failure is not None
    assert replies[1].failure.category is FailureCategory.FORBIDDEN_ADDRESS


async def test_cancelling_a_crawl_ends_it():
    async with Node(silent) as slow, PrpcClient(Dialler()) as client:
        crawling = asyncio.create_task(crawl(client, [slow.seed]))
        await slow.asked()
        crawling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await crawling
