"""The service itself: configuration, collector, policy, snapshot."""

from typing import Any

import pytest

from schema.domain.node.failure import FailureCategory
from schema.domain.policy import POLICY_1_0
from schema.graphql.execution.context import PublicRetention, PublicServiceInfo
from schema.graphql.types.advice import figure
from schema.reads import CollectorState, SeedAttempt
from tests.factories import AT, SEEDS, network, pnode, seed_report, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, (0, False)),
        (59, (0, False)),
        (61, (60, False)),
        (119, (60, False)),
        (120, (120, True)),
        (3_600, (3_600, True)),
    ],
)
async def test_a_snapshot_ages_by_whole_intervals(age: int, expected: tuple[int, bool]) -> None:
    taken_at = AT + 2
    found = (await Client(now=taken_at + age).ask("{ snapshot { ageSeconds stale } }"))["snapshot"]

    assert (found["ageSeconds"], found["stale"]) == expected


async def test_a_snapshot_says_which_slot_it_is_and_what_is_in_it() -> None:
    found = await Client().ask(
        "{ snapshot { slot slotStart takenAt interval network policyVersion latestVersion nodeCount contentHash "
        "totals { total } timing { startedAt totalSeconds } } }"
    )

    assert found["snapshot"] == {
        "slot": AT,
        "slotStart": "2027-01-15T08:00:00Z",
        "takenAt": "2027-01-15T08:00:02Z",
        "interval": 60,
        "network": "devnet",
        "policyVersion": "1.0",
        "latestVersion": "0.8.0",
        "nodeCount": 30,
        "contentHash": network(30).header.content_hash,
        "totals": {"total": 30},
        "timing": {"startedAt": "2027-01-15T08:00:00Z", "totalSeconds": 0.8},
    }


CONFIG = """{ serviceConfig { name release network intervalSeconds staleAfterSeconds limits { bodyBytes tokens depth fields
  aliases directives operations cost page defaultPage pageWithHistory historyPoints historyPointsAuto filterConditions filterNesting
  filterList costPerMinute } resolutions { resolution bucketSeconds keptSeconds } retention { raw d1 events }
  availableRange { earliestSnapshot latestSnapshot earliestHistory } } }"""


async def test_the_configuration_is_published() -> None:
    service = PublicServiceInfo(release="1.2.3", network="mainnet", interval=90, stale_after=180, rate_limit=9_000)

    found = (await Client(service=service).ask(CONFIG))["serviceConfig"]

    assert found["release"] == "1.2.3"
    assert found["network"] == "mainnet"
    assert (found["intervalSeconds"], found["staleAfterSeconds"]) == (90, 180)
    assert found["limits"] == {
        "bodyBytes": 65_536,
        "tokens": 2_000,
        "depth": 10,
        "fields": 1_000,
        "aliases": 30,
        "directives": 20,
        "operations": 10,
        "cost": 25_000,
        "page": 500,
        "defaultPage": 50,
        "pageWithHistory": 20,
        "historyPoints": 5_000,
        "historyPointsAuto": 1_000,
        "filterConditions": 100,
        "filterNesting": 5,
        "filterList": 100,
        "costPerMinute": 9_000,
    }
    assert found["resolutions"] == [
        {"resolution": "RAW", "bucketSeconds": 90, "keptSeconds": 172_800},
        {"resolution": "M5", "bucketSeconds": 300, "keptSeconds": 1_209_600},
        {"resolution": "H1", "bucketSeconds": 3_600, "keptSeconds": 7_776_000},
        {"resolution": "D1", "bucketSeconds": 86_400, "keptSeconds": None},
    ]
    assert found["availableRange"]["earliestSnapshot"] == "2027-01-15T08:00:00Z"
    assert found["availableRange"]["earliestHistory"] == "2027-01-15T08:00:00Z"


async def test_the_configuration_is_published_while_the_store_is_down() -> None:
    client = Client(
        reads=FakeReads([network(3)], down=True), service=PublicServiceInfo(retention=PublicRetention(raw=None))
    )

    found = (await client.ask(CONFIG))["serviceConfig"]

    assert found["availableRange"] is None
    assert found["retention"]["raw"] is None


COLLECTOR = """{ collector { attemptedSlot attemptedAt committedSlot outcome timing { totalSeconds } snapshot { slot }
  seeds { seed reachable attemptedAt succeededAt failure message report { host ok failure version listed hasStats coverage
  agreement island clockAhead dropped { name count } latency { method milliseconds } stats { cpuPercent ramUsed uptime }
  pnode { id } } } } }"""


async def test_the_collector_tells_of_each_seed() -> None:
    seeds = (
        seed_report(SEEDS[0], node_id=pnode(1).id, dropped={"rpc_port": 2, "pod": 1}),
        seed_report(SEEDS[1], failure=FailureCategory.TIMEOUT),
    )

    found = (await Client([snapshot([pnode(1)], seeds=seeds)]).ask(COLLECTOR))["collector"]

    assert (found["attemptedSlot"], found["committedSlot"], found["outcome"]) == (AT, AT, "committed")
    assert found["timing"] == {"totalSeconds": 0.8}
    assert found["seeds"][0]["reachable"] is True
    assert found["seeds"][0]["report"]["latency"] == [{"method": "get-pods-with-stats", "milliseconds": 12.5}]
    assert found["seeds"][0]["report"]["dropped"] == [{"name": "pod", "count": 1}, {"name": "rpcPort", "count": 2}]
    assert found["seeds"][0]["report"]["pnode"] == {"id": pnode(1).id}
    assert found["seeds"][0]["report"]["stats"]["ramUsed"] == 2**31
    assert found["seeds"][1]["failure"] == "TIMEOUT"
    assert found["seeds"][1]["succeededAt"] is None
    assert found["seeds"][1]["report"]["coverage"] is None


async def test_the_collector_is_told_of_before_the_first_snapshot() -> None:
    found = (await Client([]).ask(COLLECTOR))["collector"]

    assert found == {
        "attemptedSlot": None,
        "attemptedAt": None,
        "committedSlot": None,
        "outcome": "none",
        "timing": None,
        "snapshot": None,
        "seeds": [],
    }


POLICY: Any = """query p($version: String) { scorePolicy(version: $version) { version inForce versions latestVersion
  latestVersionSource latestMinShare trustWeight capacityWeight trust { uptimePoints uptimeFullDays presenceFull }
  capacity { committedFullGib growthFloorBytes } defaults { growthTrend } tiers { tier minimum color }
  health { healthy } alerts { storageCriticalPercent } consistency { flappingBelow } analytics { storageOptimal } } }"""


@pytest.mark.parametrize("version", [None, "1.0"])
async def test_the_policy_is_published_whole(version: str | None) -> None:
    found = (await Client().ask(POLICY, {"version": version}))["scorePolicy"]

    assert found["version"] == "1.0"
    assert found["inForce"] is True
    assert (found["latestVersion"], found["latestVersionSource"]) == ("0.8.0", "network")
    assert (found["trustWeight"], found["capacityWeight"]) == (0.6, 0.4)
    assert found["trust"] == {"uptimePoints": 40.0, "uptimeFullDays": 30.0, "presenceFull": 3}
    assert [t["tier"] for t in found["tiers"]] == [band.tier.value for band in POLICY_1_0.tiers]
    assert found["alerts"] == {"storageCriticalPercent": 95.0}


async def test_the_policy_is_known_before_the_first_snapshot() -> None:
    found = (await Client([]).ask(POLICY))["scorePolicy"]

    assert (found["version"], found["inForce"], found["latestVersion"]) == ("2.0", False, None)


async def test_an_unknown_policy_is_refused_and_the_known_ones_named() -> None:
    error = await Client().refusal(POLICY, {"version": "9.9"})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "1.0" in error["message"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (5, (5.0, "5")),
        (2.5, (2.5, "2.5")),
        (True, (None, "true")),
        ("0.8.0", (None, "0.8.0")),
    ],
)
def test_a_figure_is_a_text_and_a_number_where_it_is_one(value: object, expected: object) -> None:
    assert figure(value) == expected


def test_what_is_neither_text_nor_number_is_no_figure() -> None:
    with pytest.raises(TypeError):
        figure([])


async def test_a_seed_that_is_not_in_the_snapshot_has_no_report() -> None:
    class Renamed(FakeReads):
        async def collector(self) -> CollectorState:
            return CollectorState(seeds=(SeedAttempt(seed="new", attempted_at=AT, succeeded_at=None, failure=None),))

    found = await Client(reads=Renamed([network(3)])).ask("{ collector { seeds { seed report { listed } } } }")

    assert found["collector"]["seeds"] == [{"seed": "new", "report": None}]
