from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from jobs.simulate.identity import MALFORMED_KEY
from jobs.simulate.population import MAX_NODES, MIN_NODES, cast
from jobs.simulate.roles import FAULTS, Mesh, Role
from jobs.simulate.row import Kind, Row

SIZES = [MIN_NODES, 300, 3_000]
TYPICAL = FAULTS["typical"]


def share(rows: Sequence[Row], of: Sequence[Row]) -> float:
    return len(rows) / len(of)


@pytest.mark.parametrize("nodes", SIZES)
@pytest.mark.parametrize("faults", sorted(FAULTS))
def test_a_network_has_as_many_entries_as_asked_for(nodes: int, faults: str) -> None:
    assert len(cast(nodes, 1, FAULTS[faults])) == nodes


@pytest.mark.parametrize("nodes", [MIN_NODES - 1, MAX_NODES + 1])
def test_a_size_out_of_bounds_is_refused_by_name(nodes: int) -> None:
    with pytest.raises(ValueError, match=rf"nodes={nodes}: expected {MIN_NODES} to {MAX_NODES}"):
        cast(nodes, 1, TYPICAL)


def test_more_seeds_than_entries_are_refused() -> None:
    with pytest.raises(ValueError, match=r"nodes=30: too few for 20 seeds"):
        cast(30, 1, (Role.FULL,) * 20)
    assert len(cast(40, 1, (Role.FULL,) * 20)) == 40


@pytest.mark.parametrize("roles", [(), (Role.OLD, Role.FULL)])
def test_the_first_seed_is_of_the_main_mesh(roles: tuple[Role, ...]) -> None:
    with pytest.raises(ValueError, match="at least one seed, the first in the main mesh"):
        cast(300, 1, roles)


def test_the_seeds_come_first_and_run_the_release_of_their_part() -> None:
    seeds = cast(300, 1, TYPICAL)[: len(TYPICAL)]
    assert [row.version for row in seeds] == ["0.8.0"] * 6 + ["1.2.1", "0.6.0", "0.8.0"]
    assert [row.is_public for row in seeds] == [role is not Role.REFUSING for role in TYPICAL]
    assert all(row.kind is Kind.LIVE and row.port == 9001 for row in seeds)


@pytest.mark.parametrize("nodes", SIZES)
def test_every_oddity_is_there_at_any_size(nodes: int) -> None:
    rows = cast(nodes, 1, TYPICAL)
    live = [row for row in rows if row.kind is Kind.LIVE]
    assert any(row.kind is Kind.UNHEARD and row.pubkey is None for row in rows)
    assert any(row.pubkey == MALFORMED_KEY for row in rows)
    assert any(not ip_address(row.host).is_global for row in live)
    assert any(row.nat_period for row in live)
    assert any(row.port != 9001 and not row.turns for row in live)
    assert any(row.life <= 3_600 for row in live)
    assert {row.mesh for row in rows} == {Mesh.MAIN, Mesh.OLD, Mesh.V12}
    assert any(count == 2 for count in Counter(row.pubkey for row in live).values())


def test_islands_are_there_only_with_a_seed_on_them() -> None:
    assert {row.mesh for row in cast(300, 1, FAULTS["none"])} == {Mesh.MAIN}
    assert {row.mesh for row in cast(300, 1, FAULTS["harsh"])} == set(Mesh)


def test_shares_are_those_of_the_real_network() -> None:
    rows = cast(10_000, 1, TYPICAL)
    main = [row for row in rows if row.mesh is Mesh.MAIN]
    live = [row for row in main if row.kind is Kind.LIVE]
    ghosts = [row for row in main if row.kind is Kind.GHOST]
    assert 0.20 < share(ghosts, rows) < 0.22
    assert 0.87 < share([row for row in live if row.version == "0.8.0"], live) < 0.92
    assert 0.03 < share([row for row in live if "-trynet." in row.version], live) < 0.08
    assert 0.20 < share([row for row in live if row.is_public], live) < 0.26
    assert 0.02 < share([row for row in rows if not ip_address(row.host).is_global], rows) < 0.05
    assert 0.45 < share([row for row in ghosts if row.port != 9001], ghosts) < 0.6
    assert 0.8 < len({row.pubkey for row in rows}) / len(rows) < 0.9
    assert 120e9 < sorted(row.committed for row in live)[len(live) // 2] < 160e9


def test_versions_are_several_and_include_pre_releases_and_what_a_test_left_behind() -> None:
    versions = {row.version for row in cast(300, 1, TYPICAL)}
    assert {"0.8.0", "0.7.3", "0.7.1", "0.6.0", "1.2.0", "1.2.1", "1.0.0"} <= versions
    assert any("-trynet." in version for version in versions)


def test_ghosts_share_keys_as_measured() -> None:
    rows = [row for row in cast(3_000, 1, TYPICAL) if row.mesh is Mesh.MAIN and row.pubkey not in (None, MALFORMED_KEY)]
    living = {row.pubkey for row in rows if row.kind is Kind.LIVE}
    ghosts = Counter(row.pubkey for row in rows if row.kind is Kind.GHOST)
    total = ghosts.total()
    assert 0.3 < sum(count for key, count in ghosts.items() if key in living) / total < 0.45
    assert max(count for key, count in ghosts.items() if key in living) >= 13
    assert max(count for key, count in ghosts.items() if key not in living) == 11
    assert max(Counter(row.pubkey for row in rows).values()) < 20


def test_one_host_has_one_entry_except_pairs_that_take_turns() -> None:
    rows = cast(3_000, 1, TYPICAL)
    for host, count in Counter(row.host for row in rows).items():
        sharing = [row for row in rows if row.host == host]
        assert count == 1 or sorted(row.turn for row in sharing) == [0, 1], host
        assert len({row.turns for row in sharing}) == 1


def test_use_of_storage_is_that_of_the_real_network_all_but_nothing() -> None:
    live = [row for row in cast(3_000, 1, TYPICAL) if row.kind is Kind.LIVE]
    used = [row.usage.at(1.8e9) for row in live]
    percent = sorted(bytes_used / row.committed * 100 for bytes_used, row in zip(used, live, strict=True))
    tenth = len(live) // 10
    assert 0.02 < sum(each == 0 for each in used) / len(live) < 0.1
    assert 1e-6 < percent[len(live) // 2] < 1e-3
    assert percent[-tenth] < 0.01
    assert percent[-1] < 1


def test_no_live_node_has_a_full_disc_or_a_use_that_people_would_call_balanced() -> None:
    live = [row for row in cast(3_000, 2, TYPICAL) if row.kind is Kind.LIVE]
    assert max(row.usage.low + row.usage.span for row in live) < 10**6


def test_the_same_number_gives_the_same_network_and_another_gives_another() -> None:
    assert cast(300, 5, TYPICAL) == cast(300, 5, TYPICAL)
    shared = {row.pubkey for row in cast(300, 5, TYPICAL)} & {row.pubkey for row in cast(300, 6, TYPICAL)}
    assert shared == {None, MALFORMED_KEY}
