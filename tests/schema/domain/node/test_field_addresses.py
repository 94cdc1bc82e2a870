"""Addresses and identities from the field."""

import pytest

from schema.domain.cycle.events import EventType
from schema.domain.network.topology import topology
from schema.domain.node.observation import NO_ADDRESS
from schema.domain.node.pnode import PNodeStatus
from tests.factories import GIB, key, pod_stats
from tests.schema.domain.field import Field, ordinary, reply, row

A, B, C = "203.0.113.201", "203.0.113.202", "203.0.113.203"
K2 = key(2)


@pytest.mark.parametrize("port", [9015, 9001])
def test_a_loopback_record_in_the_list_of_our_own_seed_is_not_that_seed(port: int) -> None:
    field = Field(60)
    for _ in range(4):
        at = field.at
        record = row(at, f"127.0.0.1:{port}", 3_600, 1_400, None, version="1.0.0", storage_used=5_000_000_000)
        stats = pod_stats(uptime=99_000 + field.t, total_bytes=7)
        field.answer([reply("127.0.0.1", [record, *ordinary(at)], at, version="1.3.2", stats=stats)])
    seed = field.node("addr:127.0.0.1:9001")
    assert (seed.is_seed, seed.version, seed.storage_used) == (True, "1.3.2", 7)
    assert field.cycles[-1].snapshot.header.totals.storage_used < 5_000_000_000 + 12 * 100 * GIB
    if port != 9001:
        found = field.node(f"addr:127.0.0.1:{port}")
        assert not found.is_online
        assert (found.witnesses, found.is_seed) == ((), False)


def test_a_relative_address_without_a_key_is_never_online() -> None:
    field = Field(60)
    for _ in range(4):
        field.poll({A: [row(field.at, "192.168.1.7:9001", 3_600 + field.t, 1, None)]})
    assert field.node("addr:192.168.1.7:9001").status is PNodeStatus.UNKNOWN


def test_in_a_network_of_our_own_private_addresses_are_as_good_as_any() -> None:
    field = Field(60)
    for _ in range(3):
        field.poll({"192.168.1.2": [row(field.at, "192.168.1.7:9001", 3_600 + field.t)]})
    assert (field.node().status, field.node().witnesses) == (PNodeStatus.ONLINE, ("192.168.1.2",))


@pytest.mark.parametrize("taking_turns", [False, True])
def test_one_key_in_two_pods_on_one_host_is_steady_and_flagged(*, taking_turns: bool) -> None:
    field = Field()
    for s in range(30):
        t, at = field.t, field.at
        one = row(at, "203.0.113.70:9001", 1_373_792 + t, 1 + s % 4, version="1.2.0", storage_committed=80 * GIB)
        other = row(at, "203.0.113.70:9002", 16_441 + t, 4 - s % 4, version="0.7.3", storage_committed=10 * GIB)
        field.poll({A: [(one, other)[s % 2]]} if taking_turns else {A: [one], B: [other]})
    assert {node.address for node in field.nodes()} == {"203.0.113.70:9001"}
    assert {(node.version, node.storage_committed) for node in field.nodes()} == {("1.2.0", 80 * GIB)}
    assert field.told() == [EventType.KEY_CONFLICT]
    assert field.node().key_conflict


def test_a_key_that_moves_away_and_back_is_no_conflict() -> None:
    field = Field(60)
    old, new = "203.0.113.16:9001", "203.0.113.26:9001"
    last: dict[str, int] = {}
    started = field.at - 25
    for home in (old, old, old, new, new, new, old, old, old, old):
        moved = last and home != max(last, key=lambda address: last[address])
        last[home] = field.at
        started = field.at - 25 if moved else started
        age = {address: field.at - seen for address, seen in last.items() if address != home}
        rest = [row(field.at, address, 165, 2 + seen) for address, seen in age.items()]
        field.poll({A: [row(field.at, home, field.at - started), *rest]})
    assert field.told(EventType.KEY_CONFLICT) == []
    assert not any(node.key_conflict for node in field.nodes())
    assert field.node().address == old


@pytest.mark.parametrize(("step", "first"), [(5, 0), (60, 0), (60, 1)])
def test_two_keys_behind_one_address_are_both_online(step: int, first: int) -> None:
    field = Field(step)
    for s in range(24):
        one = row(field.at, "203.0.113.60:21001", 800_000 + field.t)
        other = row(field.at, "203.0.113.60:21002", 90_000 + field.t, pubkey=K2)
        field.poll({A: [(one, other)[(s + first) % 2]]})
    for name in (key(1), K2):
        assert {node.status for node in field.nodes(name)} == {PNodeStatus.ONLINE}
        assert set(field.told(name=name)) <= {EventType.JOINED}


def test_an_entry_point_that_was_never_heard_is_no_evidence() -> None:
    field = Field(60)
    nothing = {
        "version": None, "is_public": None, "rpc_port": None, "storage_committed": None, "storage_used": None,
        "storage_usage_percent": None,
    }  # fmt: skip
    field.poll({A: []})
    for _ in range(3):
        field.poll({seed: [row(field.at, "203.0.113.77:9001", None, 5, None, **nothing)] for seed in (A, B, C)})
    found = field.cycles[-1].snapshot.find("203.0.113.77:9001")
    assert found is None or (not found.is_online and found.witnesses == ())
    assert not any(event.address == "203.0.113.77:9001" for event in field.events)
    header = field.cycles[-1].snapshot.header
    assert header.totals.total == header.totals.online == 12 + 3
    assert [seed.dropped for seed in header.seeds] == [{"pod:says_nothing": 1}] * 3


def test_rows_that_say_nothing_join_no_islands() -> None:
    field = Field(60)
    nothing = {"version": None, "pubkey": None}
    silent = [row(field.at, f"203.0.113.{n}:9001", None, 5, **nothing) for n in range(50, 70)]
    one = [row(field.at, f"198.51.100.{n}:9001", 50, pubkey=key(n)) for n in range(1, 13)]
    other = [row(field.at, f"192.0.2.{n}:9001", 50, pubkey=key(500 + n)) for n in range(1, 13)]
    field.poll({A: [*one, *silent], B: [*other, *silent]}, alone=True)
    assert [seed.island for seed in field.cycles[-1].snapshot.header.seeds] == [0, 1]


def test_a_seed_that_knows_nobody_or_has_just_started_proves_no_absence() -> None:
    field = Field(60)
    for _ in range(2):
        field.poll({A: [row(field.at, "203.0.113.10:9001", 800_000 + field.t)]})
    for n in range(8):
        stats = pod_stats(uptime=10 + 5 * n) if n > 3 else None
        field.answer([reply(A, ordinary(field.at) if n > 3 else [], field.at, stats=stats)])
    assert field.node().status is not PNodeStatus.OFFLINE
    assert field.told(EventType.LEFT) == []


def test_a_key_without_a_usable_address_is_a_node_without_one() -> None:
    field = Field(60)
    for _ in range(3):
        rows = [row(field.at, NO_ADDRESS, 9_000 + field.t), row(field.at, NO_ADDRESS, 70_000 + field.t, pubkey=K2)]
        field.poll({A: rows, B: rows, C: rows})
    snapshot = field.cycles[-1].snapshot
    for name in (key(1), K2):
        node = field.node(name)
        assert (node.address, node.place, node.status) == ("", name, PNodeStatus.ONLINE)
        assert (node.witnesses, node.supported, node.sightings) == ((A, B, C), True, ())
    assert snapshot.header.totals.online == 12 + 3 + 2
    assert len({edge.address for edge in topology(snapshot).edges}) == 12 + 2
    assert snapshot.find("") is None


def test_an_address_that_becomes_known_is_no_move() -> None:
    field = Field(60)
    for n in range(5):
        field.poll({A: [row(field.at, NO_ADDRESS if n < 3 else "203.0.113.10:9001", 9_000 + field.t)]})
    assert field.node().address == "203.0.113.10:9001"
    assert field.node().previous_addresses == ()
    assert set(field.told()) <= {EventType.JOINED}
