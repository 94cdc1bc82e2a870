"""The guard of connections: which seeds are dialled, where the dial map leads, and that no other socket is created."""

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from jobs.prpc.address import Endpoint, parse_seed
from jobs.prpc.dial import Dialler, NoResolver, Route, SocketInfo, resolve_name
from jobs.prpc.errors import CallFailed, ForbiddenAddress
from schema.domain.node.failure import FailureCategory


def answering(*answers: Sequence[str]):
    """A resolver that returns one answer after another."""
    remaining = list(answers)

    async def resolve(name: str) -> Sequence[str]:
        return remaining.pop(0)

    return resolve


async def unresolvable(name: str) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def info(host: str, port: int = 6000) -> SocketInfo:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))


async def refusal(dialler: Dialler, seed: str) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        await dialler.route(parse_seed(seed))
    assert not failed.value.reached
    return failed.value


# -- literals


@pytest.mark.parametrize("seed", ["45.1.2.7", "127.0.0.1:4001", "[::1]:4001", "[2606:4700::1111]"])
async def test_public_and_loopback_seeds_are_dialled_as_configured(seed: str):
    parsed = parse_seed(seed)
    endpoint = Endpoint(parsed.host, parsed.port)
    assert await Dialler().route(parsed) == Route(parsed.host, endpoint, str(endpoint))


@pytest.mark.parametrize("seed", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fd12::1]"])
async def test_private_seeds_need_the_operators_consent(seed: str):
    failed = await refusal(Dialler(), seed)
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS
    route = await Dialler(allow_private=True).route(parse_seed(seed))
    assert route.target == Endpoint(parse_seed(seed).host, 6000)


@pytest.mark.parametrize(
    "seed",
    [
        *("169.254.169.254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1", "255.255.255.255"),  # noqa: S104 - an address to be refused; nothing binds to it
        *("192.0.2.1", "198.18.0.1", "[fd00:ec2::254]", "[fe80::1]", "[::]", "[ff02::1]", "[::ffff:127.0.0.1]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::1]"),
    ],
)
async def test_some_addresses_are_never_dialled(seed: str):
    failed = await refusal(Dialler(allow_private=True), seed)
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS


# -- names


async def test_a_name_is_dialled_at_the_address_that_was_checked():
    dialler = Dialler(resolve=answering(["45.1.2.7"]))
    route = await dialler.route(parse_seed("pod.example:6001"))
    assert route == Route("45.1.2.7", Endpoint("45.1.2.7", 6001), "pod.example:6001")


async def test_of_several_addresses_the_first_allowed_one_is_taken_ipv4_first():
    dialler = Dialler(resolve=answering(["2606:4700::1111", "10.0.0.1", "45.1.2.7", "45.1.2.8"]))
    assert (await dialler.route(parse_seed("pod.example"))).host == "45.1.2.7"


async def test_a_name_that_turns_to_loopback_is_refused():
    dialler = Dialler(resolve=answering(["45.1.2.7"], ["127.0.0.1"]))
    await dialler.route(parse_seed("pod.example"))
    failed = await refusal(dialler, "pod.example")
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("found", ["169.254.169.254", "10.0.0.1", "::ffff:45.1.2.7", "::1"])
async def test_a_name_that_leads_where_no_pod_is_is_refused(found: str):
    failed = await refusal(Dialler(resolve=answering([found])), "pod.example")
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("name", ["localhost", "a.localhost"])
async def test_a_name_that_means_loopback_may_lead_there(name: str):
    route = await Dialler(resolve=answering(["::1", "127.0.0.1"])).route(parse_seed(name))
    assert route.host == "127.0.0.1"


async def test_with_private_addresses_allowed_any_name_may_lead_home():
    route = await Dialler(allow_private=True, resolve=answering(["127.0.1.1"])).route(parse_seed("pod.example"))
    assert route.host == "127.0.1.1"


@pytest.mark.parametrize("resolve", [unresolvable, answering([]), answering(["not an address"])])
async def test_a_name_without_an_address_is_unreachable(resolve: Any):
    failed = await refusal(Dialler(resolve=resolve), "pod.example")
    assert failed.failure.category is FailureCategory.UNREACHABLE


async def test_the_systems_resolver_knows_localhost():
    assert {"127.0.0.1", "::1"} & set(await resolve_name("localhost"))


async def test_the_http_client_resolves_nothing_by_itself():
    resolver = NoResolver()
    with pytest.raises(ForbiddenAddress):
        await resolver.resolve("pod.example", 6000)
    await resolver.close()


# -- the dial map

MAP = {"45.1.2.7": "127.0.0.1:4001", "45.1.2.8:7000": "[::1]:4002", "10.0.0.1": "127.0.0.1:4003"}


@pytest.mark.parametrize(
    ("seed", "target"),
    [("45.1.2.7", Endpoint("127.0.0.1", 4001)), ("45.1.2.8:7000", Endpoint("::1", 4002))],
)
async def test_a_mapped_address_leads_to_loopback_and_keeps_its_own_host(seed: str, target: Endpoint):
    parsed = parse_seed(seed)
    route = await Dialler(dial_map=MAP).route(parsed)
    assert route == Route(parsed.host, target, f"{parsed.host}:{parsed.port}")


@pytest.mark.parametrize("seed", ["45.1.2.9", "45.1.2.8", "pod.example", "localhost"])
async def test_outside_the_map_nothing_is_dialled_and_no_name_resolved(seed: str):
    failed = await refusal(Dialler(dial_map=MAP, resolve=answering()), seed)
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS


async def test_loopback_needs_no_entry_in_the_map():
    route = await Dialler(dial_map=MAP).route(parse_seed("127.0.0.1:4009"))
    assert route.target == Endpoint("127.0.0.1", 4009)


async def test_the_map_sits_behind_the_guard():
    failed = await refusal(Dialler(dial_map=MAP), "10.0.0.1")
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("place", ["45.1.2.9:4001", "10.0.0.1:4001", "localhost:4001", "0.0.0.0:4001"])
def test_a_map_leads_to_loopback_only(place: str):
    with pytest.raises(ValueError, match="not loopback"):
        Dialler(dial_map={"45.1.2.7": place})


# -- sockets


@pytest.mark.parametrize("host", ["45.1.2.7", "10.0.0.1", "169.254.169.254", "2606:4700::1111", "0.1.2.3"])
def test_with_a_map_no_socket_but_a_loopback_one_is_made(host: str):
    with pytest.raises(ForbiddenAddress):
        Dialler(allow_private=True, dial_map=MAP).open_socket(info(host))


@pytest.mark.parametrize("dial_map", [None, MAP])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_loopback_sockets_are_made_with_and_without_a_map(host: str, dial_map: Any):
    with Dialler(dial_map=dial_map).open_socket(info(host)) as made:
        assert made.type is socket.SOCK_STREAM


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_without_a_map_the_guard_stands_at_the_socket_too(host: str):
    with pytest.raises(ForbiddenAddress):
        Dialler().open_socket(info(host))


def test_without_a_map_a_public_socket_may_be_made():
    with Dialler().open_socket(info("45.1.2.7")) as made:
        assert made.family is socket.AF_INET
