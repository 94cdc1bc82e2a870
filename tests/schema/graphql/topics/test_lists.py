"""Recommendations, operators, consistency, alerts and comparison: lists with their own rules."""

from typing import Any

import pytest

from schema.domain.base import DAY
from schema.domain.node.pnode import AddressSighting, Consistency, PNodeStatus
from tests.factories import AT, address, key, network, pnode, score, snapshot
from tests.schema.graphql.asking import Client

NODES = [
    pnode(1, score=score(90.0), uptime=30 * DAY),
    pnode(2, score=score(95.0), uptime=3 * DAY),
    pnode(3, score=score(70.0), uptime=10 * DAY, is_public=False),
    pnode(4, status=PNodeStatus.GHOST),
    pnode(5, score=score(50.0), uptime=8 * DAY, version="0.7.3", versions_behind=1),
]

RECOMMEND = """query r($first: Int, $after: String, $where: RecommendationWhere) {
  recommendations(first: $first, after: $after, where: $where) { totalCount evaluated pageInfo { endCursor }
    nodes { pnode { id } score { composite } criteria { name passed demanded actual { number text } expected { text } unit }
    reasons } } }"""


async def recommended(where: dict[str, Any] | None = None) -> list[int]:
    answer = await Client([snapshot(NODES)]).ask(RECOMMEND, {"where": where})
    ids = [n["pnode"]["id"] for n in answer["recommendations"]["nodes"]]
    return [next(i for i, node in enumerate(NODES, 1) if node.id == found) for found in ids]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, [1, 3, 5]),
        ({}, [1, 3, 5]),
        ({"minUptimeDays": 0}, [2, 1, 3, 5]),
        ({"minScore": 60}, [1, 3]),
        ({"requirePublic": True}, [1, 5]),
        ({"pnode": {"version": {"gte": "0.8"}}}, [1, 3]),
        ({"pnode": {}}, [1, 3, 5]),
    ],
)
async def test_only_nodes_that_meet_every_demand_are_recommended(where: Any, expected: list[int]) -> None:
    assert await recommended(where) == expected


async def test_each_criterion_says_whether_it_passed_and_with_what() -> None:
    answer = (await Client([snapshot(NODES)]).ask(RECOMMEND, {"where": {"minScore": 40}}))["recommendations"]
    criteria = {c["name"]: c for c in answer["nodes"][2]["criteria"]}

    assert answer["evaluated"] == 5
    assert answer["totalCount"] == 3
    assert answer["nodes"][2]["score"] == {"composite": 50.0}
    assert criteria["UPTIME"] == {
        "name": "UPTIME",
        "passed": True,
        "demanded": True,
        "actual": {"number": 8.0, "text": "8"},
        "expected": {"text": "7"},
        "unit": "days",
    }
    assert criteria["VERSION"]["passed"] is False
    assert criteria["VERSION"]["actual"] == {"number": None, "text": "0.7.3"}
    assert criteria["PUBLIC"]["actual"] == {"number": None, "text": "true"}
    assert criteria["SCORE"]["demanded"] is True
    assert answer["nodes"][2]["reasons"]


@pytest.mark.parametrize(
    "where",
    [
        {"minUptimeDays": -1},
        {"minUptimeDays": 1e9},
        {"minUptimeDays": None},
        {"minScore": 101},
        {"minScore": -0.5},
        {"minScore": None},
        {"requirePublic": None},
        {"pnode": None},
    ],
)
async def test_a_demand_out_of_range_is_refused(where: dict[str, Any]) -> None:
    assert await Client().code(RECOMMEND, {"where": where}) == "BAD_USER_INPUT"


async def test_a_cursor_of_other_demands_is_invalid() -> None:
    client = Client([snapshot(NODES)])
    cursor = (await client.ask(RECOMMEND, {"first": 1}))["recommendations"]["pageInfo"]["endCursor"]

    assert len((await client.ask(RECOMMEND, {"after": cursor}))["recommendations"]["nodes"]) == 2
    assert await client.code(RECOMMEND, {"after": cursor, "where": {"minScore": 1}}) == "INVALID_CURSOR"


async def test_different_demands_do_not_share_answers() -> None:
    client = Client([snapshot(NODES)])
    first = await client.ask(RECOMMEND, {"where": {"minScore": 60}})
    second = await client.ask(RECOMMEND, {"where": {"minScore": 80}})

    assert first["recommendations"]["totalCount"] == 2
    assert second["recommendations"]["totalCount"] == 1


async def test_operators_are_keys_the_largest_first() -> None:
    answer = await Client().ask(
        """{ operators(first: 2, where: {onlineCount: {gte: 1}}, orderBy: [{field: STORAGE_COMMITTED, direction: DESC}]) {
          totalCount nodes { key pubkey nodeCount onlineCount storageCommitted addresses versions firstSeen pnodes { id } }
          edges { cursor } concentration { operators nodes nodesPerOperator byNodes { largestPercent decentralization
          nakamoto hhi } byStorage { nakamoto } } } }"""
    )
    found = answer["operators"]

    assert found["totalCount"] == 24
    assert found["nodes"][0]["storageCommitted"] >= found["nodes"][1]["storageCommitted"]
    assert found["nodes"][0]["pnodes"] == [{"id": found["nodes"][0]["key"]}]
    assert found["concentration"]["operators"] == 30
    assert found["concentration"]["byNodes"]["nakamoto"] == 16


async def test_operators_count_the_addresses_of_their_key_and_the_most_come_first() -> None:
    sightings = tuple(AddressSighting(address=address(1, 9000 + i), status=PNodeStatus.GHOST) for i in range(14))
    many = pnode(1, address=address(1, 9000), status=PNodeStatus.GHOST, sightings=sightings)
    answer = await Client([snapshot([many, pnode(2), pnode(3)])]).ask(
        """{ operators(where: {addressCount: {gte: 1}}) { nodes { pubkey nodeCount addressCount onlineAddressCount }
          concentration { addresses addressesPerOperator byAddresses { largestPercent } } }
          wide: operators(where: {addressCount: {gte: 2}}, orderBy: [{field: ADDRESS_COUNT}]) { totalCount } }"""
    )
    first, *others = answer["operators"]["nodes"]

    assert first == {"pubkey": many.pubkey, "nodeCount": 1, "addressCount": 14, "onlineAddressCount": 0}
    assert [(one["addressCount"], one["onlineAddressCount"]) for one in others] == [(1, 1), (1, 1)]
    assert answer["operators"]["concentration"] == {
        "addresses": 16,
        "addressesPerOperator": pytest.approx(16 / 3),
        "byAddresses": {"largestPercent": 87.5},
    }
    assert answer["wide"]["totalCount"] == 1


async def test_a_walk_through_operators_gives_each_once() -> None:
    client = Client()
    query = (
        "query o($a: String) { operators(first: 7, after: $a) { nodes { key } pageInfo { endCursor hasNextPage } } }"
    )
    keys: list[str] = []
    after = None
    while True:
        page = (await client.ask(query, {"a": after}))["operators"]
        keys += [node["key"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert sorted(keys) == sorted(node.id for node in network(30).nodes)


def steadiness(score_: float, drops: int) -> Consistency:
    return Consistency(
        score=score_, all_time=score_, appearances=10, disappearances=drops, window_days=7, last_drop=AT - 60 * drops
    )


STEADY = [
    pnode(1, consistency=steadiness(1.0, 0)),
    pnode(2, consistency=steadiness(0.5, 8)),
    pnode(3, consistency=steadiness(0.85, 2)),
    pnode(4, consistency=None),
]


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ("", [2, 3, 1]),
        ("(where: {status: {eq: FLAPPING}})", [2]),
        ("(where: {status: {in: [UNSTABLE, STABLE]}})", [3, 1]),
        ("(where: {score: {lt: 0.9}, disappearances: {gte: 3}})", [2]),
        ('(where: {not: {lastDrop: {gt: "2027-01-15T07:55:00Z"}}})', [2]),
        ("(where: {pnodeStatus: {eq: GHOST}})", []),
        ("(orderBy: [{field: DISAPPEARANCES, direction: ASC}])", [1, 3, 2]),
    ],
)
async def test_consistency_lists_the_least_steady_first(arguments: str, numbers: list[int]) -> None:
    answer = await Client([snapshot(STEADY)]).ask(
        f"{{ consistency{arguments} {{ nodes {{ pnode {{ id }} consistency {{ score status }} }} totalCount summary "
        "{ total flapping unstable stable average health } } }"
    )
    found = answer["consistency"]

    assert [n["pnode"]["id"] for n in found["nodes"]] == [STEADY[i - 1].id for i in numbers]
    assert found["summary"]["total"] == 3
    assert (found["summary"]["flapping"], found["summary"]["unstable"], found["summary"]["stable"]) == (1, 1, 1)


async def test_alerts_are_listed_most_urgent_first_and_counted() -> None:
    nodes = [pnode(1, uptime=60), pnode(2, storage_usage_percent=99.0), pnode(3, storage_usage_percent=1.0)]

    answer = await Client([snapshot(nodes)]).ask(
        """{ alerts { totalCount nodes { id severity type state address metric value { number text } threshold { number }
             message recommendation pnode { id } lastSeen } summary { total critical warning info nodes byType { type count } } }
             some: alerts(where: {severity: {in: [INFO]}, type: {ne: OFFLINE}}) { totalCount summary { total } }
             mine: alerts(where: {or: [{pnode: {eq: "KEY"}}, {address: {startsWith: "nowhere"}}]}) { nodes { type } } }""".replace(
            "KEY", key(2)
        )
    )

    assert [(a["severity"], a["type"]) for a in answer["alerts"]["nodes"]] == [
        ("CRITICAL", "LOW_UPTIME"),
        ("CRITICAL", "STORAGE_CRITICAL"),
        ("INFO", "UNDERUTILIZED"),
    ]
    assert answer["alerts"]["nodes"][1]["value"] == {"number": 99.0, "text": "99"}
    assert answer["alerts"]["nodes"][1]["pnode"] == {"id": key(2)}
    assert answer["alerts"]["summary"]["critical"] == 2
    assert answer["some"] == {"totalCount": 1, "summary": {"total": 1}}
    assert answer["mine"] == {"nodes": [{"type": "STORAGE_CRITICAL"}]}


async def test_an_alert_about_a_version_has_a_text_and_no_number() -> None:
    nodes = [pnode(1, version="0.6.0", versions_behind=2)]

    answer = await Client([snapshot(nodes)]).ask("{ alerts { nodes { type value { number text } } } }")

    assert answer["alerts"]["nodes"] == [{"type": "VERSION_OUTDATED", "value": {"number": None, "text": "0.6.0"}}]


COMPARE = """query c($addresses: [String!]!) { comparePnodes(addresses: $addresses) { pnodes { address }
  winners { category pnode { address } value { number } } recommended { address } reason considerations allOnline
  averageScore snapshot { slot } } }"""


async def test_nodes_are_compared_in_the_order_of_the_request() -> None:
    asked = [address(3), address(1), key(2)]

    found = (await Client([snapshot(NODES)]).ask(COMPARE, {"addresses": asked}))["comparePnodes"]

    assert [n["address"] for n in found["pnodes"]] == [address(3), address(1), address(2)]
    winners = {w["category"]: w for w in found["winners"]}
    assert winners["OVERALL"] == {"category": "OVERALL", "pnode": {"address": address(2)}, "value": {"number": 95.0}}
    assert winners["UPTIME"]["pnode"] == {"address": address(1)}
    assert found["recommended"] == {"address": address(2)}
    assert found["allOnline"] is True
    assert found["averageScore"] == 85.0


@pytest.mark.parametrize("numbers", [[], [1], [1, 2, 3, 4, 5, 5], [1, 1]])
async def test_two_to_five_different_nodes_are_compared(numbers: list[int]) -> None:
    client = Client([snapshot(NODES)])

    assert await client.code(COMPARE, {"addresses": [address(i) for i in numbers]}) == "BAD_USER_INPUT"


async def test_unknown_nodes_of_a_comparison_are_named() -> None:
    error = await Client([snapshot(NODES)]).refusal(COMPARE, {"addresses": [address(1), "nowhere:1"]})

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "missing": ["nowhere:1"]}


async def test_an_order_names_each_field_once_and_at_most_five() -> None:
    twice = "{ pnodes(orderBy: [{field: SCORE}, {field: SCORE, direction: DESC}]) { totalCount } }"
    fields = ("SCORE", "UPTIME", "VERSION", "ADDRESS", "LAST_SEEN", "FIRST_SEEN")
    many = f"{{ pnodes(orderBy: [{', '.join(f'{{field: {f}}}' for f in fields)}]) {{ totalCount }} }}"

    assert await Client().code(twice) == "BAD_USER_INPUT"
    assert await Client().code(many) == "BAD_USER_INPUT"
