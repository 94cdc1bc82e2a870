"""The event log in pages: filters, directions, cursors."""

import base64
import json
from typing import Any

import pytest

from schema.domain.base import DAY
from schema.domain.cycle.events import Event, EventType
from schema.graphql.execution.context import PublicRetention, PublicServiceInfo
from tests.factories import AT, address, key, pnode, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client

TYPES = (EventType.RESTARTED, EventType.VERSION_CHANGED, EventType.JOINED)
LOG = [
    Event(
        slot=AT + 60 * (i // 4),
        index=i % 4,
        at=AT + 60 * (i // 4) + 2,
        type=TYPES[i % 3],
        subject=key(i % 5 + 1) if i % 7 else "198.18.1.1",
        address=address(i % 5 + 1),
        before="0.7.3",
        after="0.8.0",
    )
    for i in range(40)
]

QUERY = """query e($first: Int, $after: String, $where: EventWhere, $direction: OrderDirection) {
  events(first: $first, after: $after, where: $where, direction: $direction) {
    totalCount edges { cursor node { slot type } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
    nodes { cursor at slot type subject address before after pnode { address } } } }"""


def client(**options: Any) -> Client:
    nodes = [pnode(1, former_ids=(f"addr:{address(1)}",)), pnode(2), pnode(3)]
    return Client(reads=FakeReads([snapshot(nodes, AT + 600)], events=LOG), now=AT + 610, **options)


async def ask(variables: dict[str, Any]) -> Any:
    return (await client().ask(QUERY, variables))["events"]


async def test_the_newest_event_comes_first() -> None:
    found = await ask({"first": 2})

    assert found["totalCount"] == 40
    assert [(n["slot"], n["type"]) for n in found["nodes"]] == [
        (LOG[-1].slot, LOG[-1].type.value),
        (LOG[-2].slot, LOG[-2].type.value),
    ]
    assert found["edges"][0]["cursor"] == found["nodes"][0]["cursor"] == found["pageInfo"]["startCursor"]


async def test_an_event_says_what_happened_to_whom() -> None:
    found = await ask({"first": 1, "direction": "ASC", "where": {"subject": {"eq": key(2)}}})

    assert {k: v for k, v in found["nodes"][0].items() if k != "cursor"} == {
        "at": "2027-01-15T08:00:02Z",
        "slot": AT,
        "type": "VERSION_CHANGED",
        "subject": key(2),
        "address": address(2),
        "before": "0.7.3",
        "after": "0.8.0",
        "pnode": {"address": address(2)},
    }


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_a_walk_gives_each_event_once(direction: str) -> None:
    asking = client()
    found: list[tuple[int, str]] = []
    after = None
    while True:
        page = (await asking.ask(QUERY, {"first": 7, "after": after, "direction": direction}))["events"]
        found += [(n["slot"], n["type"]) for n in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    expected = [(e.slot, e.type.value) for e in LOG]
    assert found == (expected if direction == "ASC" else expected[::-1])


def count(matches: Any) -> int:
    return sum(1 for event in LOG if matches(event))


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ({}, lambda e: True),
        ({"type": {"eq": "RESTARTED"}}, lambda e: e.type == "RESTARTED"),
        ({"type": {"ne": "RESTARTED"}}, lambda e: e.type != "RESTARTED"),
        ({"type": {"in": ["JOINED", "LEFT"]}}, lambda e: e.type == "JOINED"),
        ({"type": {"in": ["JOINED", "RESTARTED"], "ne": "JOINED"}}, lambda e: e.type == "RESTARTED"),
        ({"type": {"in": []}}, lambda e: False),
        ({"type": {}}, lambda e: True),
        ({"subject": {}}, lambda e: True),
        ({"subject": {"eq": "198.18.1.1"}}, lambda e: e.subject == "198.18.1.1"),
        ({"subject": {"eq": f"addr:{address(1)}"}}, lambda e: e.subject == key(1)),
        ({"subject": {"eq": address(2)}}, lambda e: e.subject == key(2)),
        ({"subject": {"in": [key(1), key(2)]}}, lambda e: e.subject in {key(1), key(2)}),
        ({"subject": {"in": [key(1), key(2)], "eq": key(1)}}, lambda e: e.subject == key(1)),
        ({"at": {"gte": "2027-01-15T08:05:02Z"}}, lambda e: e.at >= AT + 302),
        ({"at": {"gt": "2027-01-15T08:05:02Z"}}, lambda e: e.at > AT + 302),
        ({"at": {"lt": "2027-01-15T08:05:02Z"}}, lambda e: e.at < AT + 302),
        ({"at": {"lte": "2027-01-15T08:05:02Z", "gt": "2027-01-15T08:01:02Z"}}, lambda e: AT + 62 < e.at <= AT + 302),
        ({"at": {}}, lambda e: True),
    ],
)
async def test_events_are_filtered(where: dict[str, Any], matches: Any) -> None:
    assert (await ask({"where": where}))["totalCount"] == count(matches)


@pytest.mark.parametrize(
    "where",
    [
        {"type": None},
        {"type": {"eq": None}},
        {"subject": {"in": None}},
        {"subject": {"in": ["x"] * 101}},
        {"subject": {"eq": "x" * 201}},
        {"at": {"gt": None}},
    ],
)
async def test_a_filter_that_is_null_or_too_large_is_refused(where: dict[str, Any]) -> None:
    assert await client().code(QUERY, {"where": where}) == "BAD_USER_INPUT"


async def cursor(asking: Client, **variables: Any) -> str:
    return (await asking.ask(QUERY, {"first": 1, **variables}))["events"]["pageInfo"]["endCursor"]


@pytest.mark.parametrize("changed", [{"direction": "ASC"}, {"where": {"type": {"eq": "JOINED"}}}])
async def test_a_cursor_of_another_filter_or_direction_is_invalid(changed: dict[str, Any]) -> None:
    asking = client()

    assert await asking.code(QUERY, {"after": await cursor(asking), **changed}) == "INVALID_CURSOR"


async def test_a_cursor_of_a_list_of_nodes_is_invalid() -> None:
    asking = client()
    nodes = await asking.ask("{ pnodes(first: 1) { pageInfo { endCursor } } }")

    assert await asking.code(QUERY, {"after": nodes["pnodes"]["pageInfo"]["endCursor"]}) == "INVALID_CURSOR"


async def test_a_cursor_from_before_what_is_kept_has_expired() -> None:
    asking = client(service=PublicServiceInfo(retention=PublicRetention(events=30 * DAY)))
    after = await cursor(asking)
    asking.now += 31 * DAY

    assert await asking.code(QUERY, {"after": after}) == "CURSOR_EXPIRED"


async def test_a_log_that_is_kept_for_ever_has_no_expired_cursors() -> None:
    asking = client(service=PublicServiceInfo(retention=PublicRetention(events=None)))
    after = await cursor(asking)
    asking.now += 3_000 * DAY

    assert (await asking.ask(QUERY, {"after": after}))["events"]["totalCount"] == 40


async def test_an_empty_page_has_no_cursors() -> None:
    found = await ask({"first": 0})

    assert (found["nodes"], found["totalCount"], found["pageInfo"]["endCursor"]) == ([], 40, None)


async def test_without_a_snapshot_events_are_still_told() -> None:
    asking = Client(reads=FakeReads([], events=LOG))

    found = (await asking.ask(QUERY, {"first": 1}))["events"]

    assert found["nodes"][0]["pnode"] is None


@pytest.mark.parametrize("values", [[], [0, 1], ["x"], [-1], [2**31], [None], [True]])
async def test_a_cursor_with_a_place_that_cannot_be_is_invalid(values: list[Any]) -> None:
    asking = client()
    content = json.loads(base64.urlsafe_b64decode((await cursor(asking)) + "=="))
    content[0] = values
    forged = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    assert await asking.code(QUERY, {"after": forged}) == "INVALID_CURSOR"
