"""Public nodes are probed directly: once per slot, over one connection, and only at public addresses."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from jobs import parts
from jobs.cycle.probing import END_SHARE, LIMITS, Prober, ask, jitter, public_client, seed_of
from jobs.prpc import wire
from jobs.prpc.address import parse_seed
from jobs.prpc.client import PrpcClient
from jobs.prpc.errors import CallFailed, ForbiddenAddress
from jobs.prpc.public import PublicDialler
from schema.domain.base import DAY, Slot
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import PNode
from schema.domain.node.probe import Probe
from schema.domain.node.probing import MAX_PROBES_PER_SLOT, Target
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState
from server.settings import load_settings
from tests.factories import AT, key, pnode, snapshot
from tests.jobs.prpc import nodes
from tests.jobs.prpc.nodes import Exchange, Node
from tests.nightly import NIGHTLY

PUBLIC = "45.1.2.7"
TARGET = Target(key(1), PUBLIC, 6000)
VERSION = {"version": "0.8.0"}
STATS = {"uptime": 1_000}


async def pod(exchange: Exchange) -> None:
    """Responds like a healthy pod."""
    await exchange.result(VERSION if exchange.method == wire.GET_VERSION else STATS)


def client(dial_map: Mapping[str, str] | None) -> PrpcClient:
    return public_client(dial_map)()


async def test_a_node_is_asked_for_its_version_and_uptime_over_one_connection() -> None:
    async with Node(pod) as node, client({PUBLIC: node.address}) as asking:
        answered = await ask(asking, TARGET, lambda: AT)
        assert (answered.at, answered.failure, answered.version, answered.uptime) == (AT, None, "0.8.0", 1_000)
        assert answered.latency_ms is not None
        assert (node.methods, node.connections) == ([wire.GET_VERSION, wire.GET_STATS], 1)


async def test_a_node_that_closes_after_one_answer_gets_no_second_connection() -> None:
    async def closing(exchange: Exchange) -> None:
        await exchange.answer(b'{"error":null,"id":1,"result":{"version":"0.8.0"}}', headers={"connection": "close"})

    async with Node(closing) as node, client({PUBLIC: node.address}) as asking:
        answered = await ask(asking, TARGET, lambda: AT)
        assert (answered.failure, answered.version, answered.uptime) == (None, "0.8.0", None)
        assert node.connections == 1


async def test_a_node_that_refuses_is_an_outcome() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with client({PUBLIC: f"127.0.0.1:{bound.getsockname()[1]}"}) as asking:
            answered = await ask(asking, TARGET, lambda: AT)
    assert (answered.at, answered.failure) == (AT, FailureCategory.REFUSED)


@pytest.mark.parametrize("result", [None, [], {"version": 5}, {"version": "x" * 10_000}, "0.8.0"])
async def test_what_cannot_be_read_gives_no_figures(result: Any) -> None:
    async def odd(exchange: Exchange) -> None:
        await exchange.result(result)

    async with Node(odd) as node, client({PUBLIC: node.address}) as asking:
        answered = await ask(asking, TARGET, lambda: AT)
        assert (answered.version, answered.uptime) == (None, None)


FORBIDDEN = (
    *("127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("100.100.100.200", "0.0.0.0", "224.0.0.1", "192.0.2.1", "[::1]", "[::ffff:127.0.0.1]", "[fd12::1]"),  # noqa: S104  (addresses to be refused; nothing binds to them)
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[fe80::1]", "localhost", "pod.example"),
)


@pytest.mark.parametrize("host", FORBIDDEN)
async def test_nothing_but_public_addresses_is_dialled(host: str) -> None:
    with pytest.raises(CallFailed) as failed:
        await PublicDialler().route(parse_seed(host))
    assert failed.value.failure.category is FailureCategory.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"])
def test_no_socket_is_made_for_another_address(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with pytest.raises(ForbiddenAddress):
        PublicDialler().open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, 6000)))


COUNT = 100_000 if NIGHTLY else 10_000


async def test_a_list_of_forbidden_addresses_costs_no_connection() -> None:
    made: list[object] = []

    class Counting(PublicDialler):
        def open_socket(self, info: Any) -> socket.socket:
            made.append(info)
            raise ForbiddenAddress("no socket may be asked for")

    hosts = [host for host in FORBIDDEN if host[0] in "[0123456789"]
    nodes = [
        pnode(number, address=f"{hosts[number % len(hosts)]}:{9001 + number // len(hosts)}") for number in range(COUNT)
    ]
    prober = Prober(60, client=lambda: PrpcClient(Counting(), LIMITS), clock=lambda: AT, sleep=at_once)
    await prober.round(snapshot(nodes, slot=AT))
    assert made == []
    assert all(answer.failure is FailureCategory.FORBIDDEN_ADDRESS for answer in prober.take().values())


async def at_once(seconds: float) -> None:
    """Does not wait."""


async def test_a_round_asks_what_is_due_and_hands_the_answers_over_once() -> None:
    async with Node(pod) as node:
        hosts = [pnode(number).address.rpartition(":")[0] for number in range(1, 6)]
        dial_map = dict.fromkeys(hosts, node.address)
        prober = Prober(60, opted_out=(key(5),), client=public_client(dial_map), clock=lambda: AT, sleep=at_once)
        await prober.round(snapshot([pnode(number) for number in range(1, 6)], slot=AT))
        taken = prober.take()
        assert set(taken) == {key(number) for number in range(1, 5)}
        assert prober.take() == {}


async def test_probes_are_spread_over_the_slot() -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    nodes = [pnode(number) for number in range(1, 200)]
    prober = Prober(60, client=public_client({}), clock=lambda: AT + 2, sleep=note)
    await prober.round(snapshot(nodes, slot=AT))
    assert len(waits) == MAX_PROBES_PER_SLOT
    assert len(set(waits)) > MAX_PROBES_PER_SLOT / 2
    assert 0 <= min(waits) < max(waits) < END_SHARE * 60


async def test_a_slot_that_is_over_is_left_alone() -> None:
    prober = Prober(60, client=public_client({}), clock=lambda: AT + 60, sleep=at_once)
    await prober.round(snapshot([pnode(1)], slot=AT))
    assert prober.take() == {}


def test_the_moment_of_a_probe_differs_from_slot_to_slot() -> None:
    moments = [jitter(key(1), AT + 60 * number) for number in range(100)]
    assert len(set(moments)) == 100
    assert all(0 <= moment < 1 for moment in moments)


class Collecting:
    """A collector whose cycles end as configured."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        self.snapshot: Snapshot | None = snapshot([pnode(1)], slot=AT)

    async def collect(self, slot: Slot) -> CollectorState:
        return CollectorState(attempted_slot=slot, outcome=self.outcome)


@pytest.mark.parametrize(("outcome", "probed"), [("committed", 1), ("not_ours", 0), ("no_seed_answered", 0)])
async def test_only_the_worker_that_committed_a_slot_probes_in_it(outcome: str, probed: int) -> None:
    prober = Prober(60, client=public_client({}), clock=lambda: AT, sleep=at_once)
    state = await prober.following(Collecting(outcome))(AT)
    assert state.outcome == outcome
    assert len(prober.take()) == probed


async def test_a_round_ends_within_its_slot_whatever_nodes_do() -> None:
    async def silent(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    async with Node(silent) as node:
        host = pnode(1).address.rpartition(":")[0]
        # The slot has 0.05 s left for probes, far less than a call may take.
        prober = Prober(
            60, client=public_client({host: node.address}), clock=lambda: AT + END_SHARE * 60 - 0.05, sleep=at_once
        )
        await prober.round(snapshot([pnode(1)], slot=AT))
        assert prober.take() == {}


def promotable(number: int) -> PNode:
    return pnode(number, probe=Probe(at=AT, latency_ms=70.0, version="0.8.0"), first_seen=AT - 2 * DAY)


@pytest.mark.parametrize(("beside", "chosen"), [(None, 0), ((), 2)])
async def test_extra_seeds_are_chosen_after_a_commit_where_that_is_switched_on(
    beside: tuple[str, ...] | None, chosen: int
) -> None:
    collecting = Collecting("committed")
    collecting.snapshot = snapshot([promotable(1), promotable(2), pnode(3)], slot=AT)
    prober = Prober(60, beside=beside, client=public_client({}), clock=lambda: AT, sleep=at_once)
    await prober.following(collecting)(AT)
    assert len(prober.promoted) == chosen


async def test_promoted_nodes_are_asked_beside_the_seeds_and_marked() -> None:
    listing = {"pods": [{"address": "45.9.9.9:9001", "last_seen_timestamp": AT, "pubkey": key(1), "version": "0.8.0"}]}
    answers = {wire.GET_VERSION: VERSION, wire.GET_STATS: STATS, wire.GET_PODS_WITH_STATS: listing}
    async with Node(nodes.pod(answers)) as seed, Node(nodes.pod(answers)) as public:
        settings = load_settings(None).model_copy(update={"ip_nodes": ("45.1.1.1",), "cache_ttl": 60})
        crawl = parts.crawler(
            settings,
            {"45.1.1.1": seed.address, "45.2.2.2:6000": public.address},
            lambda: (seed_of(Target(key(2), "45.2.2.2", 6000)), seed_of(Target(key(3), "127.0.0.1", 6000))),
        )
        replies = await crawl()
    assert [(reply.seed, reply.promoted) for reply in replies] == [
        ("45.1.1.1", False),
        ("45.2.2.2:6000", True),
        ("127.0.0.1:6000", True),
    ]
    assert [len(reply.observations or ()) for reply in replies] == [1, 1, 0]
    assert replies[2].failure is not None
    assert replies[2].failure.category is FailureCategory.FORBIDDEN_ADDRESS
    assert public.connections == 1
