"""Pages: a walk returns each node once, in order, regardless of new commits. Bad cursors are refused."""

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.errors import InvalidCursor
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.record import Snapshot
from schema.domain.versions import sort_key
from schema.graphql.lists.paging import decode_cursor
from schema.graphql.types.cursors import MAX_CURSOR_LENGTH
from tests.factories import AT, network, pnode, score, snapshot
from tests.schema.graphql.asking import Client

WALK = """
query walk($first: Int, $after: String, $last: Int, $before: String, $where: PNodeWhere, $orderBy: [PNodeOrder!]) {
  pnodes(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $orderBy) {
    totalCount
    edges { cursor node { id } }
    nodes { id }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    snapshot { slot }
  }
}
"""

READ: dict[str, Any] = {
    "SCORE": lambda n: n.score.composite if n.score else None,
    "UPTIME": lambda n: n.uptime,
    "LAST_SEEN": lambda n: n.last_seen,
    "FIRST_SEEN": lambda n: n.first_seen,
    "STORAGE_USED": lambda n: n.storage_used,
    "STORAGE_COMMITTED": lambda n: n.storage_committed,
    "STORAGE_USAGE_PERCENT": lambda n: n.storage_usage_percent,
    "WITNESS_COUNT": lambda n: n.witness_count,
    "VERSION": lambda n: None if n.version is None else sort_key(n.version),
    "ADDRESS": lambda n: n.address,
}

# Ten requests: a filter, its meaning in Python, and an order.
QUESTIONS: list[tuple[dict[str, Any] | None, Any, list[tuple[str, str]]]] = [
    (None, lambda n: True, []),
    (None, lambda n: True, [("SCORE", "DESC")]),
    (None, lambda n: True, [("VERSION", "ASC"), ("UPTIME", "DESC")]),
    ({"status": {"eq": "ONLINE"}}, lambda n: n.status == "ONLINE", [("STORAGE_COMMITTED", "DESC")]),
    ({"status": {"in": ["GHOST", "OFFLINE"]}}, lambda n: n.status in {"GHOST", "OFFLINE"}, [("ADDRESS", "ASC")]),
    ({"isPublic": {"isNull": True}}, lambda n: n.is_public is None, [("LAST_SEEN", "DESC")]),
    (
        {"uptime": {"gte": 86_400, "lt": 1_000_000}},
        lambda n: n.uptime is not None and 86_400 <= n.uptime < 1_000_000,
        [("STORAGE_USAGE_PERCENT", "ASC"), ("STORAGE_USED", "DESC")],
    ),
    (
        {"or": [{"score": {"gte": 80}}, {"version": {"lt": "0.8"}}]},
        lambda n: (
            (n.score is not None and n.score.composite >= 80)
            or (n.version is not None and sort_key(n.version) < sort_key("0.8"))
        ),
        [("SCORE", "ASC"), ("ADDRESS", "DESC")],
    ),
    ({"not": {"address": {"contains": "1"}}}, lambda n: "1" not in n.address, [("WITNESS_COUNT", "DESC")]),
    (
        {"and": [{"witnessCount": {"gte": 1}}, {"not": {"tier": {"in": ["HIGH_RISK"]}}}]},
        lambda n: n.witness_count >= 1 and n.tier != "HIGH_RISK",
        [("FIRST_SEEN", "ASC"), ("VERSION", "DESC"), ("SCORE", "DESC")],
    ),
]


def plain_sort(nodes: list[PNode], order: list[tuple[str, str]]) -> list[str]:
    """Ids in order: stable sorts from the least significant criterion up, with unknown values at the end."""
    ordered = sorted(nodes, key=lambda n: n.id)
    for field, direction in reversed(order):
        known = [n for n in ordered if READ[field](n) is not None]
        unknown = [n for n in ordered if READ[field](n) is None]
        ordered = sorted(known, key=READ[field], reverse=direction == "DESC") + unknown
    return [n.id for n in ordered]


def order_by(order: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"field": field, "direction": direction} for field, direction in order]


def churned(before: Snapshot, slot: int) -> Snapshot:
    """A later and smaller snapshot, in which most nodes have left, others changed, and new ones joined."""
    chance = random.Random(slot)  # noqa: S311  (a repeatable network, not a secret)
    kept = before.nodes[slot // 60 % 7 :: 7]
    changed = [
        n.model_copy(update={"uptime": chance.randrange(10**6), "score": score(chance.uniform(0, 100))}) for n in kept
    ]
    return snapshot([*changed, *(pnode(10_000 + slot % 997 * 10 + i) for i in range(5))], slot)


@pytest.fixture(scope="module")
def big() -> Snapshot:
    return network(5_000)


async def walk(client: Client, size: int, variables: dict[str, Any]) -> tuple[list[str], set[int]]:
    """All ids of a walk forward, and the slots that its pages came from. A snapshot is committed after each page."""
    ids: list[str] = []
    slots: set[int] = set()
    after: str | None = None
    while True:
        page = (await client.ask(WALK, {**variables, "first": size, "after": after}))["pnodes"]
        ids += [node["id"] for node in page["nodes"]]
        slots.add(page["snapshot"]["slot"])
        if not page["pageInfo"]["hasNextPage"]:
            return ids, slots
        after = page["pageInfo"]["endCursor"]
        client.reads.add(churned(client.reads.snapshots[0], client.reads.snapshots[-1].slot + 60))


@pytest.mark.parametrize(("where", "matches", "order"), QUESTIONS)
async def test_a_walk_through_5000_nodes_gives_each_once_in_order_while_cycles_go_on(
    big: Snapshot, where: dict[str, Any] | None, matches: Any, order: list[tuple[str, str]]
) -> None:
    client = Client([big])

    ids, slots = await walk(client, 500, {"where": where, "orderBy": order_by(order)})

    assert ids == plain_sort([n for n in big.nodes if matches(n)], order)
    assert slots == {AT}


@given(
    count=st.integers(0, 40),
    size=st.integers(1, 13),
    order=st.lists(
        st.tuples(st.sampled_from(sorted(READ)), st.sampled_from(["ASC", "DESC"])), unique_by=lambda c: c[0], max_size=3
    ),
    gaps=st.sets(st.integers(1, 40)),
)
async def test_any_walk_is_a_plain_sort(count: int, size: int, order: list[tuple[str, str]], gaps: set[int]) -> None:
    nodes = [
        n.model_copy(update={"uptime": None, "version": None, "score": None, "last_seen": None}) if i in gaps else n
        for i, n in enumerate(network(count).nodes)
    ]
    client = Client([snapshot(nodes)])

    ids, _ = await walk(client, size, {"orderBy": order_by(order)})

    assert ids == plain_sort(nodes, order)


async def test_a_walk_backward_gives_the_same_nodes() -> None:
    client = Client()
    order = order_by([("UPTIME", "DESC")])
    forward, _ = await walk(client, 7, {"orderBy": order})
    client = Client()
    ids: list[str] = []
    before = None
    while True:
        page = (await client.ask(WALK, {"last": 7, "before": before, "orderBy": order}))["pnodes"]
        ids = [node["id"] for node in page["nodes"]] + ids
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]

    assert ids == forward


async def test_the_default_page_has_fifty_items_and_the_total_counts_all() -> None:
    page = (await Client([network(120)]).ask(WALK))["pnodes"]

    assert (len(page["nodes"]), page["totalCount"]) == (50, 120)
    assert page["pageInfo"]["hasNextPage"] is True
    assert page["pageInfo"]["hasPreviousPage"] is False


async def test_edges_and_nodes_are_the_same_items() -> None:
    page = (await Client().ask(WALK, {"first": 5}))["pnodes"]

    assert [edge["node"] for edge in page["edges"]] == page["nodes"]
    assert page["edges"][0]["cursor"] == page["pageInfo"]["startCursor"]
    assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("arguments", [{"first": 0}, {"last": 0}])
async def test_an_empty_page_still_counts(arguments: dict[str, int]) -> None:
    page = (await Client().ask(WALK, arguments))["pnodes"]

    assert (page["nodes"], page["totalCount"]) == ([], 30)
    assert page["pageInfo"]["endCursor"] is None


async def test_last_gives_the_end_of_the_list() -> None:
    page = (await Client().ask(WALK, {"last": 3}))["pnodes"]

    assert [n["id"] for n in page["nodes"]] == plain_sort(list(network(30).nodes), [])[-3:]
    assert page["pageInfo"]["hasNextPage"] is False
    assert page["pageInfo"]["hasPreviousPage"] is True


async def test_after_and_before_bound_a_page_on_both_sides() -> None:
    client = Client()
    edges = (await client.ask(WALK))["pnodes"]["edges"]

    page = (await client.ask(WALK, {"after": edges[2]["cursor"], "before": edges[6]["cursor"]}))["pnodes"]

    assert [n["id"] for n in page["nodes"]] == [edge["node"]["id"] for edge in edges[3:6]]


async def test_before_an_earlier_cursor_nothing_is_left() -> None:
    client = Client()
    edges = (await client.ask(WALK))["pnodes"]["edges"]

    page = (await client.ask(WALK, {"after": edges[6]["cursor"], "before": edges[2]["cursor"]}))["pnodes"]

    assert page["nodes"] == []


@pytest.mark.parametrize(
    "arguments", [{"first": -1}, {"first": 501}, {"last": -1}, {"last": 501}, {"first": 1, "last": 1}]
)
async def test_a_page_out_of_bounds_is_refused_not_cut(arguments: dict[str, int]) -> None:
    assert await Client().code(WALK, arguments) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "changed",
    [
        {"where": {"status": {"eq": "ONLINE"}}},
        {"orderBy": [{"field": "UPTIME", "direction": "ASC"}]},
        {"orderBy": [{"field": "SCORE", "direction": "ASC"}]},
        {"orderBy": []},
    ],
)
async def test_a_cursor_of_another_filter_or_order_is_invalid(changed: dict[str, Any]) -> None:
    client = Client()
    asked = {"first": 2, "orderBy": [{"field": "SCORE", "direction": "DESC"}]}
    after = (await client.ask(WALK, asked))["pnodes"]["pageInfo"]["endCursor"]

    assert await client.code(WALK, {**asked, **changed, "after": after}) == "INVALID_CURSOR"


async def test_equal_filters_share_cursors_however_they_are_written() -> None:
    client = Client()
    query = """query q($after: String) {
      pnodes(first: 2, after: $after, where: {uptime: {gt: "5"}, status: {eq: ONLINE}}) { pageInfo { endCursor } } }"""
    after = (await client.ask(query))["pnodes"]["pageInfo"]["endCursor"]

    variables = {"first": 2, "after": after, "where": {"status": {"eq": "ONLINE"}, "uptime": {"gt": 5}}}
    assert len((await client.ask(WALK, variables))["pnodes"]["nodes"]) == 2


async def test_a_cursor_of_another_list_is_invalid() -> None:
    client = Client()
    after = (await client.ask("{ operators(first: 1) { pageInfo { endCursor } } }"))["operators"]["pageInfo"]

    assert await client.code(WALK, {"after": after["endCursor"]}) == "INVALID_CURSOR"


def packed(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


async def valid_content(client: Client, order: list[dict[str, str]]) -> list[Any]:
    cursor = (await client.ask(WALK, {"first": 2, "orderBy": order}))["pnodes"]["pageInfo"]["endCursor"]
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


BY_SCORE = [{"field": "SCORE", "direction": "DESC"}]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "garbage!",
        "é",
        "a" * (MAX_CURSOR_LENGTH + 1),
        packed(None),
        packed([]),
        packed({}),
        packed([[], "id", AT]),
        packed([[], "id", True, "digest"]),
        packed([[], "id", -1, "digest"]),
        packed([[], "id", 2**60, "digest"]),
        packed([[], "id", "1", "digest"]),
        packed([[[]], "id", AT, "digest"]),
        packed([[], 5, AT, "digest"]),
        base64.urlsafe_b64encode(b"[[NaN],").decode(),
        base64.urlsafe_b64encode(b'[[NaN],"a",1,"b"]').decode(),
        base64.urlsafe_b64encode(b"[" * 1_000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"9" * 1_400).decode(),
    ],
)
async def test_what_is_no_cursor_is_invalid(cursor: str) -> None:
    assert await Client().code(WALK, {"after": cursor}) == "INVALID_CURSOR"
    assert await Client().code(WALK, {"before": cursor}) == "INVALID_CURSOR"


def test_a_lone_surrogate_which_no_transport_lets_through_is_no_cursor() -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor("\ud800")


@pytest.mark.parametrize("values", [[], [1, 2], ["text"], [{}], [[1]]])
async def test_a_cursor_with_values_of_another_kind_is_invalid(values: list[Any]) -> None:
    client = Client()
    _, item_id, slot, digest = await valid_content(client, BY_SCORE)

    code = await client.code(WALK, {"after": packed([values, item_id, slot, digest]), "orderBy": BY_SCORE})

    assert code == "INVALID_CURSOR"


async def test_a_cursor_need_not_name_a_node_that_exists() -> None:
    client = Client()
    _, _, slot, digest = await valid_content(client, BY_SCORE)

    page = await client.ask(WALK, {"after": packed([[0.0], "zzz", slot, digest]), "orderBy": BY_SCORE})

    assert {n["id"] for n in page["pnodes"]["nodes"]} == {n.id for n in network(30).nodes if n.score is None}


async def test_a_cursor_of_a_slot_that_is_no_longer_kept_has_expired() -> None:
    client = Client([network(30, AT), network(30, AT + 60)])
    after = (await client.ask(WALK, {"first": 2}))["pnodes"]["pageInfo"]["endCursor"]
    client.reads.snapshots = [network(30, AT + 120)]

    assert await client.code(WALK, {"after": after}) == "CURSOR_EXPIRED"


async def test_cursors_of_two_walks_are_refused_together() -> None:
    client = Client([network(30, AT)])
    after = (await client.ask(WALK, {"first": 2}))["pnodes"]["pageInfo"]["endCursor"]
    client.reads.add(network(30, AT + 60))
    before = (await client.ask(WALK, {"first": 9}))["pnodes"]["pageInfo"]["endCursor"]

    assert await client.code(WALK, {"after": after, "before": before}) == "BAD_USER_INPUT"


async def test_a_node_of_a_strange_score_does_not_break_the_order() -> None:
    strange = pnode(99, score=score(float("nan")))
    client = Client([snapshot([*network(5).nodes, strange])])

    ids, _ = await walk(client, 2, {"orderBy": BY_SCORE})

    assert len(ids) == 6
    assert ids.index(strange.id) >= sum(n.score is not None for n in network(5).nodes)


def test_a_cursor_holds_sort_values_id_slot_and_a_hash() -> None:
    position = decode_cursor(packed([[1.5, None], "id", AT, "digest"]), "digest")

    assert position == ((1.5, None), "id", AT)


def test_status_is_a_text_in_a_cursor() -> None:
    assert json.dumps([PNodeStatus.ONLINE]) == '["ONLINE"]'
