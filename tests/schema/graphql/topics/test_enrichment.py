"""Credits and registrations: null if off, joined by key if on, and only public data."""

import pytest

from schema.domain.network.enrichment import CreditRow, Enrichment, EnrichmentSourceName, Registration, SourceState
from schema.domain.node.pnode import PNodeStatus
from tests.factories import AT, key, pnode, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client


def source(name: EnrichmentSourceName, **changes: object) -> SourceState:
    state = SourceState(name=name, origin="https://a.example", network="devnet", attempted_at=AT, fetched_at=AT - 60)
    return state.model_copy(update=changes)


CREDITS, REGISTRY = source(EnrichmentSourceName.CREDITS), source(EnrichmentSourceName.REGISTRY)
ROWS = (CreditRow(key(1), 900), CreditRow(key(9), 1_000))
REGISTRATIONS = (
    Registration(key(90), 0, key(1), None, key(80), 1_760_000_000, 500),
    Registration(key(90), 1, key(7), None, key(80), 1_760_000_000, 500),
)


def client(found: Enrichment) -> Client:
    reads = FakeReads([snapshot([pnode(1), pnode(2), pnode(3, status=PNodeStatus.OFFLINE)], network="devnet")])
    reads.enriched = found
    return Client(reads=reads)


async def test_everything_is_null_while_sources_are_off() -> None:
    query = "{ enrichment { sources { name } credits { keys } registry { registered } } }"
    assert await client(Enrichment()).ask(query) == {"enrichment": {"sources": [], "credits": None, "registry": None}}


async def test_a_source_that_never_answered_is_shown_with_its_failure_and_without_data() -> None:
    failing = source(EnrichmentSourceName.CREDITS, fetched_at=None, failures=3, failure="https://a.example: status 503")
    query = "{ enrichment { sources { name origin failures failure fetchedAt } credits { keys } } }"
    found = (await client(Enrichment(sources=(failing,))).ask(query))["enrichment"]
    assert found["credits"] is None
    assert found["sources"] == [
        {
            "name": "CREDITS",
            "origin": "https://a.example",
            "failures": 3,
            "failure": "https://a.example: status 503",
            "fetchedAt": None,
        }
    ]


async def test_credits_are_joined_by_key_and_one_without_a_row_has_none() -> None:
    query = """query ($a: String!, $b: String!) { enrichment { credits {
      source { fetchedAt } keys reference
      top(first: 1) { key credits share pnode { id } }
      one: of(key: $a) { credits share eligible projection { resetAt low high } pnode { id } }
      other: of(key: $b) { credits } } } }"""
    asked = client(Enrichment(sources=(CREDITS,), credits=ROWS))
    found = (await asked.ask(query, {"a": key(1), "b": key(2)}))["enrichment"]["credits"]
    assert found["top"] == [{"key": key(9), "credits": 1_000, "share": 1.0, "pnode": None}]
    assert (found["keys"], found["reference"]) == (2, 1_000)
    assert found["one"]["share"] == 0.9
    assert found["one"]["eligible"] is True
    assert found["one"]["pnode"] == {"id": key(1)}
    assert found["one"]["projection"]["low"] <= found["one"]["projection"]["high"]
    assert found["other"] is None


async def test_registrations_are_held_against_gossip() -> None:
    query = """query ($key: String!) { enrichment { registry {
      registered present absentCount absent { number devnetKey pnode { id } }
      unregisteredCount unregistered { id } managerCount
      managers { key registered inGossip online commissions } of(key: $key) { owner pnode { id } } } } }"""
    asked = client(Enrichment(sources=(REGISTRY,), registry=REGISTRATIONS))
    assert (await asked.ask(query, {"key": key(1)}))["enrichment"]["registry"] == {
        "registered": 2,
        "present": 1,
        "absentCount": 1,
        "absent": [{"number": 1, "devnetKey": key(7), "pnode": None}],
        "unregisteredCount": 1,
        "unregistered": [{"id": key(2)}],
        "managerCount": 1,
        "managers": [{"key": key(80), "registered": 2, "inGossip": 1, "online": 1, "commissions": [500]}],
        "of": [{"owner": key(90), "pnode": {"id": key(1)}}],
    }


async def test_what_a_source_gave_of_another_network_is_not_shown() -> None:
    other = source(EnrichmentSourceName.CREDITS, network="mainnet-alpha")
    found = await client(Enrichment(sources=(other,), credits=ROWS)).ask(
        "{ enrichment { sources { name } credits { keys } } }"
    )
    assert found["enrichment"] == {"sources": [], "credits": None}


@pytest.mark.parametrize("first", [-1, 501])
async def test_a_page_is_bounded(first: int) -> None:
    asked = client(Enrichment(sources=(CREDITS,), credits=ROWS))
    query = "query ($first: Int!) { enrichment { credits { top(first: $first) { key } } } }"
    assert await asked.code(query, {"first": first}) == "BAD_USER_INPUT"
