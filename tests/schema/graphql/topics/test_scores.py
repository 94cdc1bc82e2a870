"""Scores by policy 2.0 through GraphQL: bounds, parts, assumptions, recommendations and alerts."""

from functools import cache
from typing import Any, cast

import pytest

from schema.domain.base import GIB, HOUR
from schema.domain.node.observation import Observation
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import Snapshot
from schema.graphql.execution.context import PublicServiceInfo
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.topics.node_scores import node_score
from tests.factories import AT, key, snapshot
from tests.schema.domain.field import Field
from tests.schema.domain.scoring.test_estimated import SEEDS, pod, watched
from tests.schema.graphql.asking import Client
from tests.schema.graphql.execution.compiled.answers import by_core, compiled, settled, valid, written
from tests.schema.graphql.execution.test_calibration import calls_of

CROWDED = range(30, 36)
RESTARTING = 25
FLAKY = 26
BEHIND = 27


def _rows(at: int) -> list[Observation]:
    """30 sound nodes, six in one neighbourhood, an old one, one that restarts each hour, one that comes and goes."""
    hours = (at - AT) // HOUR
    rows = [pod(number, at) for number in range(1, 25)]
    rows += [pod(n, at, address=f"198.51.100.{n}:9001", storage_committed=500 * GIB) for n in CROWDED]
    rows.append(pod(RESTARTING, at, started=AT + hours * HOUR - 60))
    rows += [] if hours % 6 >= 3 and hours < 24 else [pod(FLAKY, at)]
    rows.append(pod(BEHIND, at, version="0.7.3"))
    return rows


@cache
def field() -> Field:
    return watched(_rows, 6 * 20, seeds=SEEDS[:1])


def now() -> Snapshot:
    return field().cycles[-1].snapshot


def client(**service: Any) -> Client:
    taken = now()
    return Client([taken], now=taken.header.taken_at + 5, service=PublicServiceInfo(**service) if service else None)


async def one(selection: str, number: int = 5) -> Any:
    return (await client().ask(f'{{ pnode(id: "{key(number)}") {{ {selection} }} }}'))["pnode"]


FIELDS = "composite low high confidence tier color rank percentile policyVersion nextStep inputsMissing"


async def test_the_newest_policy_is_the_default_and_the_others_can_be_asked_for() -> None:
    found = await one(
        f'a: score {{ {FIELDS} }} b: score(policy: "2.0") {{ {FIELDS} }} c: score(policy: "1.0") {{ {FIELDS} }} tier'
    )
    assert found["a"] == found["b"]
    assert found["a"]["policyVersion"] == "2.0"
    assert found["a"]["low"] < found["a"]["composite"] < found["a"]["high"]
    assert found["tier"] == found["a"]["tier"]
    assert (found["c"]["policyVersion"], found["c"]["low"], found["c"]["confidence"]) == ("1.0", None, None)


@pytest.mark.parametrize("policy", ["1.0", "2.0"])
async def test_parts_add_up_to_the_score(policy: str) -> None:
    selection = f'score(policy: "{policy}") {{ composite parts {{ name weight points pointsLost nextStep }} }}'
    score = (await one(selection))["score"]
    parts = score["parts"]
    assert sum(part["weight"] for part in parts) == pytest.approx(100)
    known = [part for part in parts if part["points"] is not None]
    assert all(part["points"] + part["pointsLost"] == pytest.approx(part["weight"], abs=0.02) for part in known)
    assert all((part["nextStep"] is None) == (part["pointsLost"] == 0) for part in known)
    if len(known) == len(parts):
        assert sum(part["points"] for part in parts) == pytest.approx(score["composite"], abs=0.05)


async def test_trust_and_capacity_are_null_within_by_the_newest_policy() -> None:
    found = await one("score { trust { score parts { uptime } } capacity { score parts { growthTrend } } }")
    assert found["score"] == {
        "trust": {"score": None, "parts": {"uptime": None}},
        "capacity": {"score": None, "parts": {"growthTrend": None}},
    }


async def test_a_snapshot_from_before_answers_null_for_the_newest_policy() -> None:
    old = snapshot([PNode.model_validate(n.model_dump() | {"estimate": None}) for n in now().nodes])
    found = await Client([old]).ask(
        '{ pnodes { nodes { tier score { policyVersion } new: score(policy: "2.0") { low } } } }'
    )
    nodes = found["pnodes"]["nodes"]
    assert {node["score"]["policyVersion"] for node in nodes if node["score"]} == {"1.0"}
    assert all(node["new"] is None for node in nodes)


async def test_a_snapshot_from_before_does_not_know_what_if() -> None:
    found = await Client().ask("{ pnodes { nodes { score(assume: {availability: 0.9}) { composite } } } }")
    assert {str(node["score"]) for node in found["pnodes"]["nodes"]} == {"None"}


async def test_what_if_it_were_upgraded() -> None:
    found = await one('score { composite } up: score(assume: {version: "0.8.0"}) { composite rank low }', BEHIND)
    assert found["up"]["composite"] > found["score"]["composite"]
    assert found["up"]["rank"] is None


async def test_what_if_it_were_always_there() -> None:
    found = await one("score { composite low } up: score(assume: {availability: 0.99}) { composite low }", FLAKY)
    assert found["up"]["composite"] > found["score"]["composite"]
    assert found["up"]["low"] > found["score"]["low"]


async def test_to_assume_what_is_changes_nothing() -> None:
    found = await one('score { composite low high } up: score(assume: {version: "0.8.0"}) { composite low high }')
    assert found["up"] == found["score"]


@pytest.mark.parametrize(
    "arguments",
    [
        "assume: {availability: 1.5}",
        'assume: {version: "new"}',
        'policy: "1.0", assume: {availability: 0.9}',
        'policy: "9"',
    ],
)
async def test_assumptions_that_mean_nothing_are_refused(arguments: str) -> None:
    query = f'{{ pnode(id: "{key(5)}") {{ score({arguments}) {{ composite }} }} }}'
    assert await client().code(query) == "BAD_USER_INPUT"


async def test_policies_are_published_whole() -> None:
    found = await client().ask(
        "{ scorePolicy { version inForce estimate { placesPerGroup availability { points } } } "
        'old: scorePolicy(version: "1.0") { version inForce estimate { placesPerGroup } trustWeight } }'
    )
    assert found["scorePolicy"] == {
        "version": "2.0",
        "inForce": True,
        "estimate": {"placesPerGroup": 3, "availability": {"points": 40}},
    }
    assert found["old"] == {"version": "1.0", "inForce": True, "estimate": None, "trustWeight": 0.6}


async def test_orders_and_filters_go_by_the_newest_policy() -> None:
    query = (
        "{ pnodes(first: 100, where: {status: {eq: ONLINE}, score: {gte: 60}}, orderBy: [{field: RANK}]) "
        "{ nodes { score { rank composite } tier } } }"
    )
    scores = [node["score"] for node in (await client().ask(query))["pnodes"]["nodes"]]
    assert [score["rank"] for score in scores] == sorted(score["rank"] for score in scores)
    assert len(scores) > 10
    assert min(score["composite"] for score in scores) >= 60


RECOMMENDED = (
    "recommendations(first: 100) { totalCount nodes { pnode { id address } score { rank policyVersion } criteria { name passed } } "
    "excluded(first: 100) { pnode { id } reasons failed { name } } }"
)


@pytest.mark.parametrize("most", [1, 3])
async def test_one_answer_recommends_a_few_nodes_of_a_neighbourhood(most: int) -> None:
    found = (await client(recommended_per_group=most).ask(f"{{ {RECOMMENDED} }}"))["recommendations"]
    crowd = {key(number) for number in CROWDED}
    recommended = [node["pnode"]["id"] for node in found["nodes"]]
    assert len(crowd & set(recommended)) == most
    left = {each["pnode"]["id"]: each for each in found["excluded"]}
    crowded_out = crowd - set(recommended)
    assert {left[name]["failed"][0]["name"] for name in crowded_out} == {"DIVERSITY"}
    assert found["totalCount"] == len(recommended)


async def test_recommendations_come_by_rank_and_the_others_with_reasons() -> None:
    found = (await client().ask(f"{{ {RECOMMENDED} }}"))["recommendations"]
    ranks = [node["score"]["rank"] for node in found["nodes"]]
    assert ranks == sorted(ranks)
    left = {each["pnode"]["id"]: each for each in found["excluded"]}
    assert left[key(RESTARTING)]["failed"] == [{"name": "UPTIME"}]
    assert left[key(RESTARTING)]["reasons"][0].startswith("up for 0")
    assert len(left) + found["totalCount"] == len(now().nodes)


async def test_excluded_nodes_are_those_that_were_looked_for() -> None:
    query = (
        f'{{ recommendations(where: {{pnode: {{id: {{eq: "{key(RESTARTING)}"}}}}}}) '
        "{ totalCount excluded { pnode { id } } } }"
    )
    found = (await client().ask(query))["recommendations"]
    assert found == {"totalCount": 0, "excluded": [{"pnode": {"id": key(RESTARTING)}}]}


async def test_excluded_is_bounded() -> None:
    assert await client().code("{ recommendations { excluded(first: -1) { reasons } } }") == "BAD_USER_INPUT"


async def test_alerts_tell_what_changes_with_what_it_rests_on() -> None:
    found = await client().ask(
        "{ alerts(first: 200) { nodes { type pnode { id } evidence { name unit value { __typename } } } } "
        "networkHealth { alerts { type } } }"
    )
    by_node: dict[str, set[str]] = {}
    for alert in found["alerts"]["nodes"]:
        by_node.setdefault(alert["pnode"]["id"], set()).add(alert["type"])
        assert alert["evidence"]
    assert "RESTART_STORM" in by_node[key(RESTARTING)]
    assert "VERSION_LAG" in by_node[key(BEHIND)]
    types = set().union(*by_node.values())
    assert not types & {"UNDERUTILIZED", "ISOLATED", "LOW_UPTIME", "VERSION_BEHIND"}


async def test_answers_are_alike_with_and_without_compiling() -> None:
    query = (
        f"{{ pnodes(first: 50) {{ nodes {{ id tier score {{ {FIELDS} parts {{ name weight raw unit points }} "
        'trust { score } } old: score(policy: "1.0") { composite parts { name points } } '
        'what: score(assume: {version: "0.8.0", availability: 0.97}) { composite low } '
        f"alerts {{ type evidence {{ name unit }} }} }} }} {RECOMMENDED} }}"
    )
    found = await settled(compiled(query)(client().context(), {}))
    assert found.errors is None
    assert written(found) == written(await by_core(valid(query), client().context(), {}))


COMPARE = """query c($nodes: [String!]!, $policy: String) { comparePnodes(addresses: $nodes, policy: $policy) {
  pnodes { id score(policy: $policy) { composite rank } } winners { category pnode { id } value { number } }
  recommended { id } averageScore considerations } }"""


async def test_a_comparison_goes_by_the_newest_policy_unless_another_one_is_asked_for() -> None:
    named = [key(RESTARTING), key(5)]
    newest, same, old = [
        (await client().ask(COMPARE, {"nodes": named, "policy": policy}))["comparePnodes"]
        for policy in (None, "2.0", "1.0")
    ]
    assert newest["winners"] == same["winners"]
    for found in (newest, old):
        composites = [node["score"]["composite"] for node in found["pnodes"]]
        assert found["averageScore"] == pytest.approx(sum(composites) / 2)
        assert found["winners"][0]["value"]["number"] == max(composites)
    assert newest["recommended"] == {"id": key(5)}
    assert {each["category"] for each in newest["winners"]} - {each["category"] for each in old["winners"]} == {
        "AVAILABILITY",
        "STABILITY",
    }


async def test_a_comparison_by_a_policy_that_is_not_known_is_refused() -> None:
    refused = await client().refusal(COMPARE, {"nodes": [key(4), key(5)], "policy": "9.9"})
    assert refused["message"] == "policy 9.9 is not known, expected one of 1.0, 2.0"


async def test_what_a_node_is_expected_to_lose_orders_the_ranks() -> None:
    found = (await client().ask("{ pnodes(first: 60) { nodes { score { rank expectedLoss low } } } }"))["pnodes"][
        "nodes"
    ]
    scores = sorted((node["score"] for node in found if node["score"] is not None), key=lambda score: score["rank"])
    # The last ones have no place of their neighbourhood.
    best = scores[:20]
    assert all(score["expectedLoss"] <= 0.01 for score in best)
    lows = [score["low"] for score in best]
    assert lows == sorted(lows, reverse=True)  # the network is seven hours old
    assert (await one('score(policy: "1.0") { expectedLoss }'))["score"] == {"expectedLoss": None}


def test_the_newest_score_of_a_node_takes_one_look_up() -> None:
    node = InSnapshot(now().nodes[0], cast("Any", None))
    expected = calls_of(lambda: node.record.newest_score)
    assert calls_of(lambda: node_score(node)) == expected + 1
    assert node_score(node) is node.record.newest_score
