"""The lists of the seeds, and how they change."""

import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.simulate.network import Network
from jobs.simulate.roles import FAULTS, Mesh, Role
from jobs.simulate.row import Kind, Row

AT = 1_800_000_000
FULL, SPARSE, ISLAND, OLD = 0, 4, 6, 7  # places of these parts in `typical`
POD_KEYS = [
    "address",
    "is_public",
    "last_seen_timestamp",
    "pubkey",
    "rpc_port",
    "storage_committed",
    "storage_usage_percent",
    "storage_used",
    "uptime",
    "version",
]
STATS_KEYS = [
    "active_streams",
    "cpu_percent",
    "current_index",
    "file_size",
    "last_updated",
    "packets_received",
    "packets_sent",
    "ram_total",
    "ram_used",
    "total_bytes",
    "total_pages",
    "uptime",
]
seeds = st.sampled_from([FULL, SPARSE, ISLAND, OLD])
moments = st.integers(1_600_000_000, 4_000_000_000)


@cache
def network(nodes: int = 300, faults: str = "typical") -> Network:
    return Network(nodes, 1, FAULTS[faults])


def rows_by_host(of: Network, want: Callable[[Row], bool]) -> dict[str, Row]:
    return {row.host: row for row in of.rows if want(row)}


def by_host(pods: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {pod["address"].rpartition(":")[0]: pod for pod in pods}


def ages(at: int, pods: list[dict[str, Any]]) -> list[int]:
    return sorted(at - pod["last_seen_timestamp"] for pod in pods)


@given(seeds, moments)
def test_the_same_network_says_the_same_at_the_same_time(seed: int, at: int) -> None:
    first, second = network(), Network(300, 1, FAULTS["typical"])
    second.pods(FULL, at + 12_345)  # earlier requests make no difference
    assert orjson.dumps(first.pods(seed, at)) == orjson.dumps(second.pods(seed, at))
    assert first.stats(seed, at) == second.stats(seed, at)


@given(seeds, moments)
def test_a_pod_is_encoded_as_pods_encode_it(seed: int, at: int) -> None:
    for line in network().encoded_pods(seed, at):
        assert orjson.dumps(orjson.loads(line)) == line.encode()


def test_another_process_says_the_same() -> None:
    script = (
        "import orjson, sys; from jobs.simulate.network import Network;"
        f"sys.stdout.buffer.write(orjson.dumps(Network().pods({FULL}, {AT})))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    assert other.stdout == orjson.dumps(network().pods(FULL, AT))


def test_another_number_gives_another_network() -> None:
    assert Network(300, 2).pods(FULL, AT) != network().pods(FULL, AT)


@given(seeds, moments)
def test_a_pod_has_the_keys_of_the_protocol_in_order_and_nothing_from_the_future(seed: int, at: int) -> None:
    for pod in network().pods(seed, at):
        assert list(pod) == POD_KEYS
        assert 0 < pod["last_seen_timestamp"] <= at


@given(seeds, moments, st.integers(1, 200_000))
def test_time_moves_forward_in_every_list(seed: int, at: int, later: int) -> None:
    before, after = by_host(network().pods(seed, at)), by_host(network().pods(seed, at + later))
    lives = rows_by_host(network(), lambda row: row.kind is Kind.LIVE)
    paired = rows_by_host(network(), lambda row: row.turns > 0)
    for host in before.keys() & after.keys() - paired.keys():
        passed = after[host]["last_seen_timestamp"] - before[host]["last_seen_timestamp"]
        assert passed >= 0
        if host in lives and before[host]["uptime"] is not None:
            gained = after[host]["uptime"] - before[host]["uptime"]
            restarted = passed >= after[host]["uptime"]
            decoded = after[host]["uptime"] or lives[host].mesh is Mesh.MAIN
            assert gained == passed or restarted or not decoded


def test_a_pod_never_lists_itself_and_the_others_do() -> None:
    hosts = network().hosts
    for index, host in enumerate(hosts[:6]):
        assert host not in by_host(network().pods(index, AT))
        witnesses = [other for other in range(6) if host in by_host(network().pods(other, AT))]
        assert index not in witnesses
        assert len(witnesses) >= 3


def test_the_uptime_of_ghosts_stands_still_while_that_of_live_pods_moves() -> None:
    ghosts = rows_by_host(network(), lambda row: row.kind is Kind.GHOST and row.mesh is Mesh.MAIN)
    lives = rows_by_host(network(), lambda row: row.kind is Kind.LIVE and row.mesh is Mesh.MAIN)
    lists = [by_host(network().pods(FULL, at)) for at in range(AT, AT + 86_400, 1_200)]
    for host in ghosts:
        assert len({pods[host]["uptime"] for pods in lists if host in pods}) <= 1
    for host in lives.keys() & lists[0].keys():
        uptimes = [pods[host]["uptime"] for pods in lists if host in pods]
        assert all(a != b for a, b in itertools.pairwise(uptimes)), host


def test_about_a_fifth_of_a_list_are_ghosts_and_come_last() -> None:
    pods = network(3_000).pods(FULL, AT)
    ghosts = rows_by_host(network(3_000), lambda row: row.kind is Kind.GHOST and row.mesh is Mesh.MAIN)
    places = [index for index, pod in enumerate(pods) if pod["address"].rpartition(":")[0] in ghosts]
    assert 0.20 < len(places) / len(pods) < 0.25
    assert places == list(range(len(pods) - len(places), len(pods)))
    newest = [pod["last_seen_timestamp"] for pod in pods[places[0] :]]
    assert newest == sorted(newest)


def test_ghosts_are_resurrected_every_hour() -> None:
    ghosts = rows_by_host(network(3_000), lambda row: row.kind is Kind.GHOST and row.mesh is Mesh.MAIN)
    pods = [pod for host, pod in by_host(network(3_000).pods(FULL, AT)).items() if host in ghosts]
    found = ages(AT, pods)
    assert found[0] >= 0
    assert found[-1] <= 3_600
    assert 1_500 < found[len(found) // 2] < 2_100
    assert 0.005 < sum(age <= 60 for age in found) / len(found) < 0.04
    host = next(iter(by_host(pods)))
    series = [ages(at, [by_host(network(3_000).pods(FULL, at))[host]])[0] for at in range(AT, AT + 7_200, 600)]
    assert sum(later < earlier for earlier, later in itertools.pairwise(series)) == 2


def test_ages_of_live_pods_are_as_measured() -> None:
    lives = rows_by_host(network(3_000), lambda row: row.kind is Kind.LIVE and row.mesh is Mesh.MAIN)
    found = ages(AT, [pod for host, pod in by_host(network(3_000).pods(FULL, AT)).items() if host in lives])
    assert 4 <= found[len(found) // 2] <= 7
    assert 18 <= found[int(len(found) * 0.95)] <= 30
    assert found[-1] <= 68


def test_islands_from_1_2_on_keep_the_age_of_the_dead_honest() -> None:
    dead = [row.host for row in network(3_000).rows if row.kind is Kind.GHOST and row.mesh is Mesh.V12]
    pods = by_host(network(3_000).pods(ISLAND, AT))
    assert max(AT - pods[host]["last_seen_timestamp"] for host in dead if host in pods) > 3_600


def test_behind_nat_the_port_changes_and_the_host_stays() -> None:
    for host in rows_by_host(network(), lambda row: row.nat_period > 0):
        seen = {
            pod["address"]
            for at in range(AT, AT + 26 * 3_600, 600)
            if (pod := by_host(network().pods(FULL, at)).get(host))
        }
        assert 12 <= len(seen) <= 62


def test_restless_pods_restart_within_the_hour_and_others_seldom() -> None:
    restless = rows_by_host(network(), lambda row: row.kind is Kind.LIVE and row.life <= 3_600)
    paired = rows_by_host(network(), lambda row: row.turns > 0)
    falls = Counter[bool]()
    before = by_host(network().pods(FULL, AT))
    for at in range(AT + 300, AT + 2 * 3_600, 300):
        after = by_host(network().pods(FULL, at))
        for host in before.keys() & after.keys() - paired.keys():
            falls[host in restless] += (after[host]["uptime"] or 0) < (before[host]["uptime"] or 0)
        before = after
    assert falls[True] >= len(restless)
    assert falls[False] <= 5


def test_uptimes_are_of_days_to_weeks() -> None:
    lives = rows_by_host(network(3_000), lambda row: row.kind is Kind.LIVE and row.mesh is Mesh.MAIN)
    pods = by_host(network(3_000).pods(FULL, AT))
    days = [pods[host]["uptime"] / 86_400 for host in lives.keys() & pods.keys()]
    assert 0.4 < sum(each > 7 for each in days) / len(days) < 0.7
    assert max(days) < 36


def test_an_unheard_entry_point_has_no_key_and_no_figures() -> None:
    unheard = [pod for pod in network().pods(FULL, AT) if pod["pubkey"] is None]
    assert len(unheard) == 1
    known = ("address", "last_seen_timestamp", "version")
    assert {key for key, value in unheard[0].items() if value is not None} == set(known)
    assert unheard[0]["version"] == "unknown"


def test_percentages_are_what_pods_compute() -> None:
    for pod in network().pods(FULL, AT):
        if pod["storage_used"] is not None:
            assert pod["storage_usage_percent"] == pod["storage_used"] / pod["storage_committed"] * 100


def test_storage_in_use_grows_slowly() -> None:
    paired = rows_by_host(network(), lambda row: row.turns > 0)
    now, later = (by_host(network().pods(FULL, at)) for at in (AT, AT + 86_400))
    hosts = now.keys() & later.keys() - paired.keys()
    grown = [
        later[host]["storage_used"] - now[host]["storage_used"]
        for host in hosts
        if now[host]["storage_used"] is not None
    ]
    assert 0 < sum(each > 0 for each in grown) / len(grown) < 0.1
    assert sum(each < 0 for each in grown) <= 3
    assert max(grown) <= 30_000


def test_seeds_disagree_about_last_seen_uptime_and_a_few_versions() -> None:
    first, second = by_host(network(3_000).pods(FULL, AT)), by_host(network(3_000).pods(FULL + 1, AT))
    both = first.keys() & second.keys()
    differ = Counter(key for host in both for key in POD_KEYS if first[host][key] != second[host][key])
    assert differ["last_seen_timestamp"] > 0.6 * len(both)
    assert differ["uptime"] > 0.4 * len(both)
    assert 0 < differ["version"] < 0.02 * len(both)
    assert set(differ) <= {"last_seen_timestamp", "uptime", "version", "address"}  # behind NAT, for a moment


def test_coverage_is_that_of_the_part() -> None:
    full, sparse = (len(network(3_000).pods(index, AT)) for index in (FULL, SPARSE))
    main = sum(row.mesh is Mesh.MAIN for row in network(3_000).rows)
    assert 0.97 < full / main < 1
    assert 0.7 < sparse / main < 0.8
    union = {host for index in range(6) for host in by_host(network(3_000).pods(index, AT))}
    alone = [row for row in network(3_000).rows if row.mesh is Mesh.MAIN and not row.turns and row.host not in union]
    assert alone == []


def test_islands_list_only_their_own_and_one_entry_point_that_they_cannot_read() -> None:
    harsh = network(300, "harsh")
    entry = f"{harsh.hosts[0]}:9001"
    meshes = {row.host: row.mesh for row in harsh.rows}
    listed: dict[Role, set[str]] = {}
    for role, mesh in ((Role.OLD, Mesh.OLD), (Role.ISLAND_1_2, Mesh.V12), (Role.ISLAND_1_3, Mesh.V13)):
        pods = harsh.pods(harsh.roles.index(role), AT)
        assert pods[0]["address"] == entry
        assert pods[0]["pubkey"] is None
        assert {meshes[host] for host in by_host(pods[1:])} == {mesh}
        listed[role] = set(by_host(pods[1:]))
    assert not set.intersection(*listed.values())


def test_the_main_mesh_sees_some_of_1_2_with_stale_ages_and_mostly_no_uptime() -> None:
    meshes = {row.host: row.mesh for row in network(3_000).rows}
    foreign = [pod for host, pod in by_host(network(3_000).pods(FULL, AT)).items() if meshes[host] is Mesh.V12]
    total = sum(mesh is Mesh.V12 for mesh in meshes.values())
    assert 0.3 < len(foreign) / total < 0.7
    assert 0.5 < sum(pod["uptime"] == 0 for pod in foreign) / len(foreign) < 1
    assert ages(AT, foreign)[len(foreign) // 2] > 600
    assert not {Mesh.OLD, Mesh.V13} & {meshes[host] for host in by_host(network(3_000).pods(FULL, AT))}


def test_pairs_behind_one_address_take_turns() -> None:
    pairs = {row.host for row in network().rows if row.turns}
    for host in pairs:
        keys = [
            pod["pubkey"]
            for at in range(AT, AT + 7_200, 60)
            if (pod := by_host(network().pods(FULL, at)).get(host)) is not None
        ]
        assert len(set(keys)) == 2
        assert sum(a != b for a, b in itertools.pairwise(keys)) > 4


def test_one_key_lives_at_two_addresses() -> None:
    pods = network().pods(FULL, AT)
    later = by_host(network().pods(FULL, AT + 300))
    moving = Counter(
        pod["pubkey"] for host, pod in by_host(pods).items() if later.get(host, pod)["uptime"] != pod["uptime"]
    )
    assert max(moving.values()) == 2


@given(moments)
def test_get_stats_of_a_seed_agrees_with_its_row(at: int) -> None:
    stats = network().stats(FULL, at)
    listed = by_host(network().pods(FULL + 1, at))[network().hosts[FULL]]
    assert list(stats) == STATS_KEYS
    assert 0 <= stats["uptime"] - listed["uptime"] <= 70 or listed["uptime"] > stats["uptime"]
    assert stats["file_size"] == listed["storage_committed"]
    assert stats["total_bytes"] >= listed["storage_used"] or stats["last_updated"] > at - 600
    assert 0 <= stats["last_updated"] <= at
    assert stats["ram_used"] < stats["ram_total"]
    assert 0 <= stats["cpu_percent"] <= 100


def test_packets_count_from_the_start_of_the_pod() -> None:
    now, later = network().stats(FULL, AT), network().stats(FULL, AT + 60)
    assert later["uptime"] - now["uptime"] == 60
    assert 1_900 < later["packets_received"] - now["packets_received"] < 2_000


@pytest.mark.parametrize(("role", "storage_format"), [(Role.ISLAND_1_2, 1), (Role.ISLAND_1_3, 2)])
def test_from_1_2_on_get_stats_has_the_version_of_the_storage_format(role: Role, storage_format: int) -> None:
    harsh = network(300, "harsh")
    stats = harsh.stats(harsh.roles.index(role), AT)
    assert list(stats) == [*STATS_KEYS, "version"]
    assert stats["version"] == storage_format


def test_the_work_for_a_list_grows_with_the_list_and_no_faster() -> None:
    small, large = calls_for_a_list(network(300)), calls_for_a_list(network(3_000))
    assert large < 10.5 * small
    assert large < 3_000 * 12


def calls_for_a_list(of: Network) -> int:
    """Python calls made for one list, the first of its window."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    of.pods(FULL, AT + 10**6)
    sys.setprofile(count)
    try:
        of.pods(FULL, AT)
    finally:
        sys.setprofile(None)
    return calls
