"""Recorded exchanges of each release are understood, old and new: invented ones of the same shape, and real ones."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from jobs.cycle.crawl import crawl
from jobs.prpc import wire
from jobs.prpc.address import Endpoint
from jobs.prpc.client import PrpcClient
from jobs.prpc.dial import Dialler, Route
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import FailureCategory
from schema.domain.node.observation import SeedReply
from tests.jobs.prpc.nodes import Node, recorded

ROOT = Path(__file__).parents[3]
OWN = sorted((ROOT / "tests/data/prpc").glob("exchanges-*.json"))
REAL = ROOT.parent / "shared/data"
EXCHANGES = 31

RESULTS = {"get-version", "get-stats", "get-pods", "params-array", "params-obj", "jsonrpc-1.0", "post-with-origin"}
SINCE_0_7 = {"get-pods-with-stats", "gzip"}
UNKNOWN_METHODS = {"nope", "get-status", "rpc.discover", "get_pods", "getVersion"}
OTHER_IDS = {"id-string", "id-missing", "id-null"}

real = pytest.mark.captures
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the recordings are not beside this checkout")


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def real_files(pattern: str) -> list[Any]:
    """Parameters for the matching recordings. One skipped parameter if there are none."""
    found = sorted(REAL.glob(pattern))
    marks = [real, needs_real]
    return [pytest.param(path, id=path.name, marks=marks) for path in found] or [
        pytest.param(REAL, id="absent", marks=marks)
    ]


def real_binaries() -> Iterator[Any]:
    for parameter in real_files("lab/*.json"):
        path = parameter.values[0]
        if path == REAL or "results" in load(path):
            yield parameter


BINARIES = [*(pytest.param(path, id=path.name) for path in OWN), *real_binaries()]


def expected(name: str, exchange: Mapping[str, Any], *, has_lists_with_stats: bool) -> set[FailureCategory | None]:
    """The expected failure category of an exchange, from its request. None for a result."""
    if "status" not in exchange:
        return {FailureCategory.UNREACHABLE}
    if exchange["status"] != 200:
        return {FailureCategory.HTTP_STATUS}
    if name in OTHER_IDS:
        return {FailureCategory.BAD_SHAPE}
    if name in UNKNOWN_METHODS or (name in SINCE_0_7 and not has_lists_with_stats):
        return {FailureCategory.RPC_ERROR}
    assert name in RESULTS | SINCE_0_7
    return {None}


async def outcomes(results: Mapping[str, Any]) -> Mapping[str, FailureCategory | None]:
    """The result of each exchange with our client on a socket."""
    found: dict[str, FailureCategory | None] = {}
    async with Node(recorded(results)) as node, PrpcClient(Dialler()) as client:
        route = Route("127.0.0.1", Endpoint("127.0.0.1", node.port), node.address)
        for name in results:
            try:
                await client.call(route, name, float("inf"))
                found[name] = None
            except CallFailed as failed:
                found[name] = failed.failure.category
    return found


async def reply_of(results: Mapping[str, Any]) -> SeedReply:
    async with Node(recorded(results)) as node, PrpcClient(Dialler()) as client:
        (reply,) = await crawl(client, [node.seed])
    return reply


def minor(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def test_there_are_recordings_of_our_own_for_each_era():
    assert [path.stem for path in OWN] == ["exchanges-0.6.0", "exchanges-0.8.0", "exchanges-1.3.2"]


@pytest.mark.parametrize("path", BINARIES)
async def test_every_exchange_of_a_release_ends_in_a_result_or_its_category(path: Path):
    recording = load(path)
    results = recording["results"]
    assert len(results) == EXCHANGES
    with_stats = minor(recording["version"]) >= (0, 7)
    wanted = {name: expected(name, exchange, has_lists_with_stats=with_stats) for name, exchange in results.items()}
    found = await outcomes(results)
    assert {name: category for name, category in found.items() if category not in wanted[name]} == {}


@pytest.mark.parametrize("path", BINARIES)
async def test_a_crawl_of_each_release_gives_all_that_it_said(path: Path):
    recording = load(path)
    results = recording["results"]
    reply = await reply_of(results)
    if "status" not in results["get-pods"]:
        assert reply.failure is not None
        assert reply.failure.category is FailureCategory.UNREACHABLE
        return
    with_stats = minor(recording["version"]) >= (0, 7)
    method = wire.GET_PODS_WITH_STATS if with_stats else wire.GET_PODS
    listed = json.loads(results[method]["body"])["result"]["pods"]
    assert (reply.failure, reply.version, reply.has_stats, reply.dropped) == (
        None,
        recording["version"],
        with_stats,
        {},
    )
    assert reply.observations is not None
    assert [o.address for o in reply.observations] == [row["address"] for row in listed]
    assert [o.uptime for o in reply.observations] == [row.get("uptime") for row in listed]
    assert reply.stats is not None
    own = json.loads(results["get-stats"]["body"])["result"]
    assert (reply.stats.uptime, reply.stats.storage_version) == (own["uptime"], own.get("version"))


@pytest.mark.parametrize("path", real_files("lab/*-get-pods.json"))
def test_single_answers_of_other_releases(path: Path):
    recording = load(path)
    if "body" in recording:
        assert wire.read_pods(wire.result_of(recording["body"].encode(), 1)).dropped == {}
    else:
        assert recording["error"].startswith(("OSError(113", "ConnectionRefusedError(111"))


@pytest.mark.parametrize("path", real_files("lab/timeline-*.jsonl"))
def test_every_answer_of_a_timeline_is_taken_whole(path: Path):
    for line in path.read_text().splitlines():
        rows = json.loads(line)["resp"]["result"]["pods"]
        read = wire.read_pods({"pods": rows})
        assert (len(read.observations), read.dropped) == (len(rows), {})


@pytest.mark.parametrize("path", real_files("captures/pods-with-stats-*.json"))
def test_a_real_list_is_taken_whole_but_for_the_one_key_that_is_none(path: Path):
    read = wire.read_pods(wire.result_of(path.read_bytes(), 1))
    assert (len(read.observations), read.dropped) == (204, {"field:pubkey": 1})
    assert sum(o.pubkey is None for o in read.observations) == 2
    assert sum(o.uptime is None for o in read.observations) == 1


@pytest.mark.parametrize("path", real_files("captures/pods-2*.json"))
def test_a_real_list_without_figures(path: Path):
    read = wire.read_pods(wire.result_of(path.read_bytes(), 1))
    assert read.dropped == {}
    assert {o.version for o in read.observations} <= {"0.5.0", "0.5.1", "0.6.0", None}


@pytest.mark.parametrize("path", real_files("captures/series-*/*.json"))
def test_lists_that_went_through_javascript(path: Path):
    rows = load(path)["nodes"]
    read = wire.read_pods({"pods": rows})
    assert (len(read.observations), read.dropped) == (len(rows), {"field:pubkey": 1})


@pytest.mark.parametrize("path", real_files("captures/stats-*.json"))
def test_real_stats(path: Path):
    answer = load(path)
    stats, dropped = wire.read_stats(answer.get("result", answer))
    assert dropped == {}
    assert None not in stats.model_dump(exclude={"storage_version"}).values()
