"""A node and all of its fields."""

from typing import Any

import pytest

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import HistoryPoint, Stat
from schema.domain.node.pnode import (
    AddressChange,
    Disagreement,
    MissingField,
    MissingReason,
    PNodeStatus,
    Provenance,
    VersionChange,
)
from tests.factories import AT, SEEDS, address, key, network, pnode, score, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client

NODE = pnode(
    1,
    uptime=3_600 * 2,
    previous_addresses=tuple(AddressChange(address=address(1, 9_000 - i), until=AT - i * HOUR) for i in range(30)),
    previous_versions=(VersionChange(version="0.7.3", until=AT - DAY),),
    former_ids=(f"addr:{address(1)}",),
    provenance=Provenance(
        seed=SEEDS[0],
        observed_at=AT,
        own_fields=("storage_used",),
        disagreements=(Disagreement(field="storage_committed", values=(("1", SEEDS[:2]), ("2", SEEDS[2:]))),),
        missing=(MissingField(field="rpc_port", reason=MissingReason.INVALID),),
    ),
    score=score(inputs_missing=("growth_trend",)),
)


def one(selection: str, arguments: str = f'id: "{key(1)}"') -> str:
    return f"{{ pnode({arguments}) {{ {selection} }} }}"


async def ask(selection: str, **options: Any) -> Any:
    return (await Client([snapshot([NODE, pnode(2)])], **options).ask(one(selection)))["pnode"]


@pytest.mark.parametrize(
    "arguments",
    [
        f'id: "{key(1)}"',
        f'pubkey: "{key(1)}"',
        f'address: "{address(1)}"',
        f'address: "{address(1, 8_995)}"',
        f'id: "addr:{address(1)}"',
    ],
)
async def test_a_node_is_found_by_every_key_that_it_has_or_had(arguments: str) -> None:
    client = Client([snapshot([NODE, pnode(2)])])

    assert (await client.ask(one("id", arguments)))["pnode"] == {"id": key(1)}


@pytest.mark.parametrize("arguments", ['id: ""', 'address: "1.2.3.4:9001"', 'pubkey: "nobody"', "id: 5"])
async def test_an_unknown_node_is_null(arguments: str) -> None:
    assert await Client().ask(one("id", arguments)) == {"pnode": None}


@pytest.mark.parametrize("arguments", ['id: "a", address: "b"', "asOf: null", 'id: "' + "x" * 201 + '"'])
async def test_exactly_one_key_of_sensible_length_is_needed(arguments: str) -> None:
    assert await Client().code(one("id", arguments)) == "BAD_USER_INPUT"


async def test_the_measurements_are_those_of_the_record() -> None:
    found = await ask(
        "address addressAssumed pubkey status livenessBasis isOnline listed isPublic rpcPort version versionsBehind "
        "firstSeen lastSeen aliveAt uptime storageCommitted storageUsed storageUsagePercent storageGrowth witnesses "
        "witnessCount sourceIps keyConflict isSeed stateChanges tier sightings { address witnessCount }"
    )

    assert found == {
        "address": NODE.address,
        "addressAssumed": False,
        "pubkey": NODE.pubkey,
        "status": "ONLINE",
        "livenessBasis": "UPTIME",
        "isOnline": True,
        "listed": True,
        "isPublic": True,
        "rpcPort": 6000,
        "version": "0.8.0",
        "versionsBehind": 0,
        "firstSeen": "2026-12-16T08:00:00Z",
        "lastSeen": "2027-01-15T07:59:55Z",
        "aliveAt": "2027-01-15T08:00:00Z",
        "uptime": 7_200,
        "storageCommitted": NODE.storage_committed,
        "storageUsed": NODE.storage_used,
        "storageUsagePercent": 50.0,
        "storageGrowth": None,
        "witnesses": list(SEEDS),
        "witnessCount": 3,
        "sourceIps": list(SEEDS),
        "keyConflict": False,
        "isSeed": False,
        "stateChanges": 0,
        "tier": "LOW_RISK",
        "sightings": [{"address": NODE.address, "witnessCount": 3}],
    }


async def test_provenance_says_whose_word_it_is_who_disagrees_and_what_is_missing() -> None:
    found = await ask(
        "provenance { seed observedAt ownFields disagreements { field values { value seeds } } missing { field reason } }"
    )

    assert found["provenance"] == {
        "seed": SEEDS[0],
        "observedAt": "2027-01-15T08:00:00Z",
        "ownFields": ["storageUsed"],
        "disagreements": [
            {
                "field": "storageCommitted",
                "values": [{"value": "1", "seeds": list(SEEDS[:2])}, {"value": "2", "seeds": list(SEEDS[2:])}],
            }
        ],
        "missing": [{"field": "rpcPort", "reason": "INVALID"}],
    }


async def test_a_score_comes_with_its_parts_and_what_was_missing() -> None:
    found = await ask(
        "score { composite tier rank percentile inputsMissing policyVersion trust { score parts { uptime "
        "versionCompliance gossipPresence gossipConsistency } } capacity { score parts { growthTrend usageBalance } } }"
    )

    assert found["score"] == {
        "composite": 85.0,
        "tier": "LOW_RISK",
        "rank": 1,
        "percentile": 100.0,
        "inputsMissing": ["growthTrend"],
        "policyVersion": "1.0",
        "trust": {
            "score": 90.0,
            "parts": {"uptime": 30.0, "versionCompliance": 20.0, "gossipPresence": 30.0, "gossipConsistency": 10.0},
        },
        "capacity": {"score": 70.0, "parts": {"growthTrend": 15.0, "usageBalance": 25.0}},
    }


async def test_a_score_by_policy() -> None:
    client = Client([snapshot([NODE])])

    assert (await client.ask(one('score(policy: "1.0") { composite }')))["pnode"] == {"score": {"composite": 85.0}}
    assert (await client.execute(one('score(policy: "9") { composite }')))["errors"][0]["extensions"]["code"] == (
        "BAD_USER_INPUT"
    )


async def test_a_node_that_is_not_online_has_no_score_but_a_tier() -> None:
    ghost = pnode(3, status=PNodeStatus.GHOST)
    found = await Client([snapshot([ghost])]).ask(one("tier score { composite }", f'id: "{ghost.id}"'))

    assert found["pnode"] == {"tier": "OFFLINE", "score": None}


async def test_alerts_of_a_node_can_be_narrowed_by_severity() -> None:
    found = await ask("all: alerts { type severity state } some: alerts(severity: CRITICAL) { type }")

    assert found["all"] == [{"type": "LOW_UPTIME", "severity": "WARNING", "state": "ACTIVE"}]
    assert found["some"] == []


async def test_the_operator_of_a_node_lists_it() -> None:
    assert (await ask("operator { pubkey nodeCount pnodes { id } }"))["operator"] == {
        "pubkey": key(1),
        "nodeCount": 1,
        "pnodes": [{"id": key(1)}],
    }


@pytest.mark.parametrize(("argument", "count"), [("", 20), ("(first: 3)", 3), ("(first: 0)", 0), ("(first: 100)", 30)])
async def test_previous_addresses_come_latest_first(argument: str, count: int) -> None:
    found = await ask(f"previousAddresses{argument} {{ address until }}")

    assert [a["address"] for a in found["previousAddresses"]] == [c.address for c in NODE.previous_addresses[:count]]


@pytest.mark.parametrize("field", ["previousAddresses", "previousVersions"])
@pytest.mark.parametrize("first", [-1, 101])
async def test_too_many_previous_ones_are_refused(field: str, first: int) -> None:
    client = Client([snapshot([NODE])])

    assert await client.code(one(f"{field}(first: {first}) {{ until }}")) == "BAD_USER_INPUT"


async def test_consistency_comes_with_its_word() -> None:
    found = await ask(
        "consistency { score status allTime appearances disappearances windowDays lastDrop advice { level } }"
    )

    assert found["consistency"] == {
        "score": 1.0,
        "status": "STABLE",
        "allTime": 1.0,
        "appearances": 1,
        "disappearances": 0,
        "windowDays": 7,
        "lastDrop": None,
        "advice": [{"level": "INFO"}],
    }


def hour(start: int, online: int, uptime: int, *, partial: bool = False) -> HistoryPoint:
    return HistoryPoint(
        start=start,
        end=start + HOUR,
        partial=partial,
        samples=60,
        expected=60,
        stats={
            "online": Stat(60, online, 0, 1, 1),
            "uptime": Stat(60, 60 * uptime, uptime - 10, uptime + 10, uptime + 10),
            "score": Stat(60, 60 * 8_525, 8_000, 9_000, 8_550),
            "estimate": Stat(30, 30 * 7_150, 7_000, 7_300, 7_200),
        },
    )


POINTS = (hour(AT - 2 * HOUR, 60, 100), hour(AT - HOUR, 30, 3_700), hour(AT, 60, 7_300, partial=True))


def with_history() -> Client:
    """The points are stored under the id that the node had before its key was known, and under its key."""
    points = {f"addr:{address(1)}": POINTS[:1], key(1): POINTS[1:]}
    return Client(reads=FakeReads([snapshot([NODE])], node_points=points))


async def test_the_history_of_a_node_is_joined_over_all_its_ids() -> None:
    found = await with_history().ask(
        one(
            'history(from: "2027-01-15T00:00:00Z", resolution: H1) { resolution coverage truncated points { start end '
            "partial samples expected isOnline onlineShare uptime { avg min max last samples } score { avg min last } "
            "estimate { avg samples } "
            "storageUsed { last } } summary { uptime { start end delta trend percent } score { delta } estimate { delta } "
            "storageUsed { delta } } availability { percent samples } }"
        )
    )
    history = found["pnode"]["history"]

    assert [p["start"] for p in history["points"]] == ["2027-01-15T06:00:00Z", "2027-01-15T07:00:00Z"]
    assert history["points"][1] == {
        "start": "2027-01-15T07:00:00Z",
        "end": "2027-01-15T08:00:00Z",
        "partial": False,
        "samples": 60,
        "expected": 60,
        "isOnline": True,
        "onlineShare": 0.5,
        "uptime": {"avg": 3_700.0, "min": 3_690, "max": 3_710, "last": 3_710, "samples": 60},
        "score": {"avg": 85.25, "min": 80.0, "last": 85.5},
        "estimate": {"avg": 71.5, "samples": 30},
        "storageUsed": None,
    }
    assert history["summary"] == {
        "uptime": {"start": 110, "end": 3_710, "delta": 3_600, "trend": "UP", "percent": 3272.73},
        "score": {"delta": 0.0},
        "estimate": {"delta": 0.0},
        "storageUsed": None,
    }
    assert history["availability"] == {"percent": 75.0, "samples": 120}
    assert (history["resolution"], history["coverage"], history["truncated"]) == ("H1", 1.0, False)


async def test_the_open_bucket_is_there_only_when_asked_for() -> None:
    found = await with_history().ask(
        one('history(from: "2027-01-15T07:00:00Z", includeCurrent: true) { points { start partial } }')
    )

    assert [p["partial"] for p in found["pnode"]["history"]["points"]] == [False, True]


@pytest.mark.parametrize(("window", "expected"), [("H24", 83.33), ("D7", 83.33), ("D30", 83.33)])
async def test_availability_is_from_observations(window: str, expected: float) -> None:
    found = await with_history().ask(one(f"availability(window: {window}) {{ percent samples expected }}"))

    assert found["pnode"]["availability"]["percent"] == expected
    assert found["pnode"]["availability"]["samples"] == 180


async def test_availability_is_null_without_enough_samples() -> None:
    assert await ask("availability(window: H24) { percent }") == {"availability": None}


async def test_history_is_answered_in_a_small_page_of_nodes() -> None:
    query = '{ pnodes(first: 20) { nodes { history(from: "2027-01-15T07:00:00Z") { points { start } } } } }'

    answer = await Client(reads=FakeReads([network(30)])).ask(query)

    assert len(answer["pnodes"]["nodes"]) == 20


async def test_as_of_answers_from_the_past() -> None:
    then, now = network(3, AT), network(9, AT + 60)
    client = Client([then, now], now=AT + 70)

    found = await client.ask(
        """{ now: pnodes { totalCount snapshot { slot } }
             then: pnodes(asOf: "2027-01-15T08:00:30Z") { totalCount snapshot { slot slotStart } } }"""
    )

    assert found["now"] == {"totalCount": 9, "snapshot": {"slot": AT + 60}}
    assert found["then"] == {"totalCount": 3, "snapshot": {"slot": AT, "slotStart": "2027-01-15T08:00:00Z"}}


async def test_what_is_said_of_a_past_node_is_of_that_past() -> None:
    was = pnode(1, uptime=60)
    client = Client([snapshot([was], AT), snapshot([pnode(1)], AT + 60)], now=AT + 70)

    found = await client.ask(
        f"""{{ now: pnode(id: "{was.id}") {{ alerts {{ type }} }}
             then: pnode(id: "{was.id}", asOf: "2027-01-15T08:00:00Z") {{ alerts {{ type }} }} }}"""
    )

    assert found == {"now": {"alerts": []}, "then": {"alerts": [{"type": "LOW_UPTIME"}]}}
