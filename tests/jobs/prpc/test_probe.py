"""All methods of one node are called, and the report explains the results to an operator."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from jobs.prpc import explain, wire
from jobs.prpc.address import parse_seed
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from jobs.prpc.errors import CallFailed
from jobs.prpc.probe import MethodReport, ProbeReport, probe, render
from schema.domain.base import DAY, HOUR, MINUTE
from schema.domain.node.failure import FailureCategory
from tests.factories import AT, address, key
from tests.jobs.prpc.nodes import Act, Exchange, Node, pod

LIMITS = Limits(call_seconds=0.3, connect_seconds=0.2)
ROW = {"address": address(1), "last_seen_timestamp": AT - 5, "pubkey": key(1), "version": "0.8.0"}
FIGURES = {"is_public": True, "uptime": 7, "rpc_port": 6000}
GOOD: dict[str, Any] = {
    wire.GET_VERSION: {"version": "0.8.0"},
    wire.GET_STATS: {"uptime": 2 * DAY + 3 * HOUR, "last_updated": 0, "ram_used": 1_000},
    wire.GET_PODS: {"pods": [ROW]},
    wire.GET_PODS_WITH_STATS: {"pods": [ROW | FIGURES, ROW | FIGURES | {"address": address(2), "is_public": False}]},
}


async def report_of(act: Act) -> ProbeReport:
    async with Node(act) as node, PrpcClient(Dialler(), LIMITS) as client:
        return await probe(client, node.seed, clock=lambda: AT)


def by_method(report: ProbeReport) -> Mapping[str, MethodReport]:
    return {entry.method: entry for entry in report.methods}


async def test_a_good_pod_answers_every_method():
    report = await report_of(pod(GOOD))
    assert [entry.method for entry in report.methods] == list(wire.METHODS)
    assert all(entry.failure is None and entry.latency_ms is not None for entry in report.methods)
    assert report.ok


async def test_the_facts_of_a_good_pod():
    entries = by_method(await report_of(pod(GOOD)))
    assert entries[wire.GET_VERSION].facts == {"version": "0.8.0"}
    assert entries[wire.GET_STATS].facts["uptime"] == 2 * DAY + 3 * HOUR
    assert entries[wire.GET_PODS_WITH_STATS].facts == {
        "pods": 2,
        "public": 1,
        "with_figures": 2,
        "heard": 2,
        "keys": 1,
        "versions": "0.8.0 (2)",
        "newest_contact_age": 5,
    }


async def test_a_plain_list_says_nothing_about_figures():
    facts = by_method(await report_of(pod(GOOD)))[wire.GET_PODS].facts
    assert set(facts) == {"pods", "heard", "keys", "versions", "newest_contact_age"}


async def test_an_old_pod_is_recognised_by_what_it_does_not_know():
    report = await report_of(pod({k: v for k, v in GOOD.items() if k != wire.GET_PODS_WITH_STATS}))
    entry = by_method(report)[wire.GET_PODS_WITH_STATS]
    assert "older than 0.7.0" in entry.explanation
    assert entry.failure is not None
    assert entry.failure.category is FailureCategory.RPC_ERROR
    assert report.ok


async def test_a_private_pod_is_asked_once_and_explained():
    async with Node(pod(GOOD)) as node:
        seed = node.seed
    async with PrpcClient(Dialler(), LIMITS) as client:
        report = await probe(client, seed)
    assert [entry.method for entry in report.methods] == [wire.GET_VERSION]
    assert "private" in report.methods[0].explanation
    assert not report.ok


async def test_a_forbidden_address_is_explained_and_not_dialled():
    async with PrpcClient(Dialler(), LIMITS) as client:
        report = await probe(client, parse_seed("169.254.169.254"))
    assert "never dialled" in report.methods[0].explanation


async def test_an_answer_of_the_wrong_shape_is_a_finding():
    report = await report_of(pod(GOOD | {wire.GET_STATS: []}))
    entry = by_method(report)[wire.GET_STATS]
    assert entry.failure is not None
    assert entry.failure.category is FailureCategory.BAD_SHAPE


async def test_a_stalling_node_is_asked_everything_within_the_time_of_its_calls():
    async def silent(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    async with Node(silent) as node, PrpcClient(Dialler(), Limits(call_seconds=0.05)) as client:
        report = await probe(client, node.seed)
    assert [entry.failure and entry.failure.category for entry in report.methods] == [FailureCategory.TIMEOUT] * 4


async def test_an_empty_list_has_no_newest_contact():
    report = await report_of(pod(GOOD | {wire.GET_PODS: {"pods": []}}))
    assert by_method(report)[wire.GET_PODS].facts["newest_contact_age"] is None


async def test_the_report_as_text():
    lines = render(await report_of(pod({k: v for k, v in GOOD.items() if k != wire.GET_PODS_WITH_STATS}))).split("\n")
    assert lines[0].startswith("127.0.0.1:")
    assert "      It runs pod 0.8.0." in lines
    assert "  get-pods-with-stats: rpc_error" in lines
    assert "      (JSON-RPC error -32601: Method not found)" in lines
    assert "      ram_used: 1000" in lines
    assert not any(line.endswith("None") for line in lines)
    assert lines[-1] == "  It can serve as a seed."


def test_a_node_without_a_list_cannot_serve_as_a_seed():
    assert render(ProbeReport("45.1.2.7", ())) == "45.1.2.7\n  It cannot serve as a seed."


# -- explanations


@pytest.mark.parametrize("reached", [True, False])
@pytest.mark.parametrize("category", FailureCategory)
def test_every_failure_has_an_explanation(category: FailureCategory, reached: bool):
    sentence = explain.failure(wire.GET_PODS, CallFailed(category, "x", reached=reached))
    assert sentence.endswith(".")


def test_a_method_that_every_pod_has():
    unknown = CallFailed(FailureCategory.RPC_ERROR, "x", rpc_code=-32601)
    assert "not a released pod" in explain.failure(wire.GET_PODS, unknown)


@pytest.mark.parametrize(
    ("version", "words"),
    [("0.8.0", "It runs pod 0.8.0."), ("0.8.0-trynet.1.a", "trynet"), (None, "does not know its own version")],
)
def test_versions_are_explained(version: str | None, words: str):
    assert words in explain.success(wire.GET_VERSION, {"version": version})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"uptime": 61, "last_updated": 0}, "1 min 1 s, and nothing has been stored"),
        ({"uptime": 61, "last_updated": AT}, "data have been stored"),
        ({"uptime": 5}, "It has run for 5 s."),
        ({}, "does not report its uptime"),
    ],
)
def test_stats_are_explained(facts: dict[str, object], words: str):
    assert words in explain.success(wire.GET_STATS, facts)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"pods": 0}, "knows no peer"),
        ({"pods": 3, "heard": 0}, "heard none of them"),
        ({"pods": 3, "heard": 3, "with_figures": 0}, "None of them has figures"),
        ({"pods": 3, "heard": 3, "with_figures": 3, "newest_contact_age": 600}, "newest contact is 10 min 0 s old"),
        ({"pods": 3, "heard": 3, "with_figures": 3, "newest_contact_age": -60}, "clock is 1 min 0 s ahead"),
        ({"pods": 3, "heard": 3, "with_figures": 3, "newest_contact_age": 1}, "It lists 3 peers."),
        ({"pods": 3, "heard": 3, "with_figures": 3, "newest_contact_age": None}, "It lists 3 peers."),
    ],
)
def test_lists_are_explained(facts: dict[str, object], words: str):
    assert words in explain.success(wire.GET_PODS_WITH_STATS, facts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3 * HOUR + 20 * MINUTE + 5, "3 h 20 min"),
        (12 * DAY + 4 * HOUR, "12 d 4 h"),
    ],
)
def test_spans(seconds: int, text: str):
    assert explain.span(seconds) == text
