"""Policy 2.0 through whole cycles: the reports of seeds, poll by poll, and the resulting estimates."""

from collections.abc import Callable, Sequence

import pytest

from schema.domain.base import DAY, GIB, HOUR, MINUTE
from schema.domain.cycle.advance import CycleOptions
from schema.domain.node.estimate import Estimate, PartName
from schema.domain.node.observation import Observation
from schema.domain.node.pnode import PNode
from tests.factories import AT, key, observation
from tests.nightly import cases
from tests.schema.domain.field import Field, reply

SEEDS = ("203.0.113.201", "203.0.113.202", "203.0.113.203")
STEP = 10 * MINUTE
PARTS = list(PartName)
Rows = Callable[[int], Sequence[Observation]]


def pod(number: int, at: int, *, started: int | None = None, **changes: object) -> Observation:
    """A live pod that started 20 days before the first poll, or at `started`."""
    up = at - (AT - 20 * DAY if started is None else started)
    return observation(
        number,
        **{"uptime": up, "last_seen": at - 3, "storage_committed": number * GIB, "storage_used": number, **changes},
    )


def network(at: int) -> list[Observation]:
    return [pod(number, at) for number in range(1, 41)]


def watched(
    rows: Rows,
    polls: int,
    *,
    seeds: Sequence[str] = SEEDS,
    lies: dict[str, Rows] | None = None,
    field: Field | None = None,
) -> Field:
    """Polls ten minutes apart, in which each honest seed returns these rows."""
    field = field or Field(STEP, CycleOptions(interval=STEP))
    for _ in range(polls):
        at = field.at
        said = {seed: (lies or {}).get(seed, rows)(at) for seed in seeds}
        field.answer(reply(seed, listed, at) for seed, listed in said.items())
    return field


def estimate(field: Field, number: int) -> Estimate:
    found = field.node(key(number)).estimate
    assert found is not None
    return found


def share(field: Field, number: int, part: PartName) -> float:
    found = estimate(field, number).shares[PARTS.index(part)]
    assert found is not None
    return found


def online(field: Field) -> list[PNode]:
    return [node for node in field.cycles[-1].snapshot.nodes if node.is_online]


def test_every_online_node_has_an_estimate_and_no_other_has() -> None:
    def rows(at: int) -> list[Observation]:
        ghosts = [observation(n, uptime=5_000, last_seen=at - 2_000) for n in range(100, 105)]
        return [*network(at), *ghosts]

    field = watched(rows, 4)
    nodes = field.cycles[-1].snapshot.nodes
    assert len(nodes) == 48  # the seeds are nodes too
    assert {node.id for node in nodes if node.estimate} == {node.id for node in online(field)}
    assert field.cycles[-1].snapshot.header.policy.estimate_version == "2.0"


def test_time_in_which_a_node_was_gone_counts_against_it() -> None:
    def rows(at: int) -> list[Observation]:
        away = 5 * HOUR < at - AT < 11 * HOUR
        return [*network(at), *([] if away else [pod(50, at)])]

    field = watched(rows, 12 * 6)
    assert share(field, 50, PartName.AVAILABILITY) < share(field, 1, PartName.AVAILABILITY) / 2
    assert estimate(field, 50).raw[PARTS.index(PartName.AVAILABILITY)] == pytest.approx(40 / 72, abs=0.03)


def test_an_outage_of_our_own_costs_nobody_anything() -> None:
    field = watched(network, 6)
    before = estimate(field, 20)
    field.at += 20 * HOUR
    watched(network, 2, field=field)
    assert estimate(field, 20).composite >= before.composite


def test_a_restart_is_a_disturbance() -> None:
    def rows(at: int) -> list[Observation]:
        restarted = AT + 2 * HOUR if at > AT + 2 * HOUR else None
        return [*network(at), pod(50, at, started=restarted)]

    field = watched(rows, 20)
    counts = estimate(field, 50).counts
    assert counts is not None
    assert (counts.day_disturbed, counts.disturbed) == (1, 1)
    assert share(field, 50, PartName.STABILITY) < share(field, 1, PartName.STABILITY)


def test_another_port_of_the_same_host_is_no_disturbance() -> None:
    def rows(at: int) -> list[Observation]:
        port = 9001 + (at - AT) // HOUR
        return [*network(at), pod(50, at, address=f"198.51.100.7:{port}")]

    counts = estimate(watched(rows, 30), 50).counts
    assert counts is not None
    assert counts.disturbed == 0


@pytest.mark.parametrize("upgraded", cases(("fifty nodes", 50), ("two hundred nodes", 200), always={"fifty nodes"}))
def test_nodes_that_upgrade_within_an_hour_lose_two_points_at_most_for_a_day(upgraded: int) -> None:
    """Five of six nodes are away for 20 minutes, each at its own time, and return with another version."""
    start = AT + 12 * HOUR
    apart = 50 * MINUTE // upgraded

    def rows(at: int) -> list[Observation]:
        listed: list[Observation] = []
        for number in range(1, upgraded * 6 // 5 + 1):
            begun = start + number * apart
            if number > upgraded or at < begun:
                listed.append(pod(number, at))
            elif at >= begun + 20 * MINUTE:
                listed.append(pod(number, at, started=begun + 20 * MINUTE, version="0.9.0"))
        return listed

    field = watched(rows, 11 * 6, seeds=SEEDS[:1])
    before = {number: estimate(field, number) for number in range(1, upgraded + 1)}
    for _ in range(7):
        watched(rows, 6, seeds=SEEDS[:1], field=field)
        for number, was in before.items():
            now = field.node(key(number)).estimate
            if now is not None:
                assert was.composite - now.composite <= 2, (number, (field.at - start) / HOUR)
                assert was.low - now.low <= 2, (number, (field.at - start) / HOUR)
    assert all(estimate(field, number).composite >= was.composite for number, was in before.items())


def omits(at: int) -> list[Observation]:
    return [row for row in network(at) if row.pubkey != key(20)]


def says(**changes: object) -> Rows:
    def rows(at: int) -> list[Observation]:
        return [row._replace(**changes) if row.pubkey == key(20) else row for row in network(at)]  # type: ignore[arg-type]  # any field

    return rows


LIES: dict[str, Rows] = {
    "leaves it out": omits,
    "another version": says(version="0.1.0"),
    "no storage": says(storage_committed=0),
    "all storage": says(storage_committed=2**62),
    "a fallen uptime": says(uptime=9),
    "a frozen uptime": says(uptime=777_777),
    "an old contact": says(last_seen=1),
    "another address": says(address="198.51.100.9:9001"),
    "no key": says(pubkey=None),
    "all on a new version": lambda at: [row._replace(version="9.9.9") for row in network(at)],
    "a hundred new nodes": lambda at: [
        *network(at), *[pod(n, at, storage_committed=2**60, version="9.9.9") for n in range(500, 600)]
    ],
    "nothing at all": lambda at: [],
    "nodes that restart": lambda at: [row._replace(uptime=7) for row in network(at)],
}  # fmt: skip


@pytest.fixture(scope="module")
def honest() -> Field:
    """Read only: the same for every lie."""
    return watched(network, 12)


@pytest.mark.parametrize("lie", LIES)
def test_one_lying_seed_of_three_moves_no_honest_node_by_more_than_two_points(lie: str, honest: Field) -> None:
    lied = watched(network, 12, lies={SEEDS[1]: LIES[lie]})
    for number in range(1, 41):
        was, now = estimate(honest, number), estimate(lied, number)
        assert abs(was.composite - now.composite) <= 2, number
        assert abs(was.low - now.low) <= 2, number


def hundred(at: int) -> list[Observation]:
    return [pod(n, at, storage_committed=(n * 37 % 101 + 1) * GIB) for n in range(1, 101)]


@pytest.fixture(scope="module")
def alone() -> Field:
    """Read only: the hundred nodes without the actor's."""
    return watched(hundred, 24)


@pytest.mark.parametrize("shared", [True, False], ids=["one neighbourhood", "no usable address"])
def test_fifty_nodes_of_one_actor_push_nobody_down_by_more_than_five_places(shared: bool, alone: Field) -> None:
    def attacked(at: int) -> list[Observation]:
        many = [
            pod(n, at, storage_committed=2**45, address=f"198.51.100.{n - 500}:9001" if shared else "")
            for n in range(500, 550)
        ]
        return [*hundred(at), *many]

    field = watched(hundred, 12)
    watched(attacked, 12, field=field)
    ranks = {n: (estimate(alone, n).rank or 0, estimate(field, n).rank or 0) for n in range(1, 101)}
    assert max(now - was for was, now in ranks.values()) <= 5
    assert sum((estimate(field, n).rank or 0) <= 20 for n in range(500, 550)) <= 3


def test_an_estimate_remembers_the_day_before() -> None:
    field = watched(lambda at: network(at)[:10], 6 * 30)
    before = estimate(field, 5).before
    assert before is not None
    assert before.at // DAY == field.cycles[-1].snapshot.header.taken_at // DAY - 1
    assert len(field.state.memory[0].standings) == 2


def test_a_state_from_before_there_were_estimates_goes_on() -> None:
    field = watched(network, 3)
    header = field.state.snapshot.header.model_dump() if field.state.snapshot else {}
    assert {"coverage", "adopted"} <= header.keys()
    stripped = type(field.state).model_validate(
        {
            "snapshot": {
                "header": {k: v for k, v in header.items() if k not in {"coverage", "adopted"}},
                "nodes": [n.model_dump(exclude={"estimate"}) for n in field.cycles[-1].snapshot.nodes],
            },
            "memory": [m.model_dump(exclude={"watch", "standings"}) for m in field.state.memory],
        }
    )
    field.state = stripped
    watched(network, 2, field=field)
    assert all(node.estimate for node in online(field))
