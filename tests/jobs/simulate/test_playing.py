from typing import Any, cast

import orjson
import pytest

from jobs.simulate.network import Network
from jobs.simulate.playing import Course, SimulatedSource
from jobs.simulate.roles import PARTS
from jobs.simulate.source import METHOD_NOT_FOUND, Behaviour

AT = 1_800_000_000
NETWORK = Network()
OLD = 7


def listed(source: SimulatedSource, second: int, method: str = "get-pods-with-stats", seed: int = 0) -> dict[str, Any]:
    result = source.result(seed, method, second)
    assert isinstance(result, bytes)
    return orjson.loads(result)


def test_time_is_that_of_the_day_unless_told_otherwise() -> None:
    assert Course(AT).at(AT + 60) == AT + 60


def test_time_starts_where_it_is_told_and_goes_as_fast() -> None:
    assert [Course(AT, 1_000, 60).at(AT + passed) for passed in (0, 1, 10)] == [1_000, 1_060, 1_600]


def test_a_list_is_that_of_the_network_at_its_time() -> None:
    pods = NETWORK.pods(0, AT)
    assert listed(SimulatedSource(NETWORK, Course(AT)), AT) == {"pods": pods, "total_count": len(pods)}


def test_the_same_time_gives_the_same_bytes_whenever_it_was_started() -> None:
    one, other = SimulatedSource(NETWORK, Course(AT)), SimulatedSource(Network(), Course(AT - 999))
    for method in ("get-version", "get-stats", "get-pods", "get-pods-with-stats"):
        assert one.result(0, method, AT) == other.result(0, method, AT)


def test_contacts_are_dated_by_the_clock_of_the_caller_whatever_the_time_of_the_network() -> None:
    fast = SimulatedSource(NETWORK, Course(AT, AT - 86_400, 60))
    then = NETWORK.pods(0, AT - 86_400 + 600)
    pods = listed(fast, AT + 10)["pods"]
    assert [AT + 10 - pod["last_seen_timestamp"] for pod in pods] == [
        AT - 86_400 + 600 - pod["last_seen_timestamp"] for pod in then
    ]
    assert [pod["uptime"] for pod in pods] == [pod["uptime"] for pod in then]


def test_get_pods_is_the_same_list_with_fewer_keys() -> None:
    source = SimulatedSource(NETWORK, Course(AT))
    keys = ("address", "last_seen_timestamp", "pubkey", "version")
    with_stats = listed(source, AT)["pods"]
    assert listed(source, AT, "get-pods")["pods"] == [{key: pod[key] for key in keys} for pod in with_stats]


def test_a_seed_before_0_7_knows_get_pods_only() -> None:
    source = SimulatedSource(NETWORK, Course(AT))
    assert source.result(OLD, "get-pods-with-stats", AT) is METHOD_NOT_FOUND
    assert listed(source, AT, "get-pods", OLD)["total_count"] > 1
    assert source.result(OLD, "get-version", AT) == b'{"version":"0.6.0"}'


@pytest.mark.parametrize("method", ["get-status", "rpc.discover", "get_pods", "getVersion", ""])
def test_no_seed_knows_another_method(method: str) -> None:
    source = SimulatedSource(NETWORK, Course(AT))
    assert [source.result(seed, method, AT) for seed in range(9)] == [METHOD_NOT_FOUND] * 9


def test_seeds_behave_as_their_parts_say() -> None:
    seeds = [seed for seed in SimulatedSource(NETWORK, Course(AT)).seeds if seed.configured]
    assert [seed.name for seed in seeds] == list(NETWORK.hosts)
    parts = [PARTS[role] for role in NETWORK.roles]
    assert [(seed.behaviour, seed.delay) for seed in seeds] == [(part.behaviour, part.delay) for part in parts]


def test_public_pods_can_be_asked_and_some_of_them_refuse() -> None:
    source = SimulatedSource(NETWORK, Course(AT))
    public = [seed for seed in source.seeds if not seed.configured]
    assert {seed.behaviour for seed in public} == {Behaviour.ANSWERS, Behaviour.REFUSES}
    (row,) = [row for row in NETWORK.rows if row.host == public[0].name]
    assert orjson.loads(cast("bytes", source.result(9, "get-version", AT))) == {"version": row.version}
    assert orjson.loads(cast("bytes", source.result(9, "get-stats", AT)))["uptime"] == row.uptime_at(AT)
    listed = orjson.loads(cast("bytes", source.result(9, "get-pods-with-stats", AT)))["pods"]
    assert len(listed) > len(NETWORK.rows) / 2
    assert public[0].name not in {pod["address"].rpartition(":")[0] for pod in listed}
