"""Importing the real series, and querying it at each of its times. The expected results are computed without our code.

For each list and every node in it, the test compares:

- the online nodes with the live nodes. An address is live in a list if its uptime there differs from the one in the
  previous list that had it. At its first sight there is no previous list, and an uptime that was always 0 proves
  nothing; then an address is live if its last contact is at most two minutes old. A key is live if any of its addresses
  is; a row without a usable key is its address. The two are equal for every node of every list.
- the listed nodes with those in the list. They are equal as well.
- the address of a node with its home: the live address whose uptime changed, or the only live address if none did. If
  several changed, or several are new, the list does not determine the home, and nothing is compared. The changes of
  home are the changes of address.
- restarts with uptimes that decreased since the previous list with that address. The series has none, so three are
  added to a copy of it.

By the bare rule, which only compares uptimes, exactly one kind of sighting differs: an uptime of 0 twice, and a contact
within two minutes.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jobs.past.importer import import_files
from jobs.past.retention import Retention
from schema.domain.base import DAY, HOUR
from schema.domain.cycle.advance import CycleOptions
from schema.domain.cycle.events import Event, EventType
from schema.domain.history.points import Resolution
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.reads import EventFilter
from server.storage.connect import Mongo
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.snapshots.reads import SnapshotReads
from server.storage.upkeep import MongoUpkeep
from tests.pasts import Copies

SERIES = Path(__file__).parents[4] / "shared" / "data" / "captures" / "series-20251226"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

pytestmark = [
    pytest.mark.captures,
    pytest.mark.skipif(not SERIES.is_dir(), reason="the recordings do not lie beside this checkout"),
]


class Listed(NamedTuple):
    """A recorded list: its time, and its rows."""

    at: float
    rows: list[dict[str, Any]]


def recorded(folder: Path) -> list[Listed]:
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return sorted(Listed(datetime.fromisoformat(f["updatedAt"]).timestamp(), f["nodes"]) for f in found)


def is_key(text: str | None) -> bool:
    """Base58 of 32 bytes."""
    if not text or any(letter not in ALPHABET for letter in text):
        return False
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return zeros + (number.bit_length() + 7) // 8 == 32


def name_of(row: dict[str, Any]) -> str:
    return row["pubkey"] if is_key(row["pubkey"]) else row["address"]


def living(lists: list[Listed]) -> list[dict[str, dict[str, int]]]:
    """For each list: the live addresses of each node, with their uptimes."""
    before: dict[str, int] = {}
    found: list[dict[str, dict[str, int]]] = []
    for listed in lists:
        alive: dict[str, dict[str, int]] = defaultdict(dict)
        for row in listed.rows:
            address, uptime = row["address"], row["uptime"]
            if uptime is None:
                continue
            fresh = int(listed.at) - row["last_seen_timestamp"] < 120
            comparable = address in before and (before[address] or uptime)
            if uptime != before[address] if comparable else fresh:
                alive[name_of(row)][address] = uptime
            before[address] = uptime
        found.append(dict(alive))
    return found


def moved_in(lists: list[Listed]) -> list[set[str]]:
    """For each list: the addresses whose uptime differs from the last list that had them."""
    before: dict[str, int] = {}
    found: list[set[str]] = []
    for listed in lists:
        found.append({r["address"] for r in listed.rows if before.get(r["address"], r["uptime"]) != r["uptime"]})
        before.update((row["address"], row["uptime"]) for row in listed.rows)
    return found


def home_of(alive: dict[str, int], moved: set[str]) -> str | None:
    """The one address at which a node lives. None if it cannot be determined."""
    proven = [address for address in alive if address in moved]
    candidates = proven or list(alive)
    return candidates[0] if len(candidates) == 1 else None


class World(NamedTuple):
    """The imported series. `homes` has, for each list, the home of each node that has one."""

    lists: list[Listed]
    alive: list[dict[str, dict[str, int]]]
    homes: list[dict[str, str]]
    reads: SnapshotReads
    history: HistoryReads
    log: tuple[Event, ...]


def days_after(lists: list[Listed]) -> float:
    """The time at which the series is imported and read."""
    return lists[-1].at + 330 * DAY


async def take_in(store_db: Mongo, folder: Path) -> None:
    lists = recorded(folder)
    now = days_after(lists)
    upkeep = MongoUpkeep(store_db, clock=lambda: now)
    options = CycleOptions(interval=60)
    done = await import_files([folder], upkeep, options, retention=Retention(), now=now, keep_raw=True)
    assert done.slots == done.lists == len(lists)


async def world_of(store_db: Mongo, folder: Path) -> World:
    """The result of importing a folder."""
    lists = recorded(folder)
    now = days_after(lists)
    history = HistoryReads(store_db, clock=lambda: now)
    log = await EventReads(store_db, history.earliest, clock=lambda: now).events(EventFilter(), None, 1_000)
    alive = living(lists)
    homes = [
        {name: home for name, addresses in of_list.items() if (home := home_of(addresses, moved))}
        for of_list, moved in zip(alive, moved_in(lists), strict=True)
    ]
    return World(lists, alive, homes, SnapshotReads(store_db, clock=lambda: now), history, log)


@pytest.fixture
async def world(store_db: Mongo, copies: Copies) -> World:
    await copies.fill(store_db, "series", lambda: take_in(store_db, SERIES))
    return await world_of(store_db, SERIES)


def shown(node: PNode) -> str:
    return node.pubkey or node.address


def told(world: World, kind: EventType) -> set[tuple[int, str, str | None, str | None]]:
    """The events of a kind, each with the number of its list."""
    numbers = {int(listed.at) // 60 * 60: number for number, listed in enumerate(world.lists)}
    events = [event for event in world.log if event.type is kind]
    return {(numbers[e.slot], e.subject.removeprefix("addr:"), e.before, e.after) for e in events}


async def test_at_each_of_its_times_exactly_the_nodes_that_lived_are_online(world: World) -> None:
    for listed, alive in zip(world.lists, world.alive, strict=True):
        snapshot = await world.reads.at(int(listed.at))
        assert listed.at - 60 < snapshot.slot <= listed.at
        assert {shown(node) for node in snapshot.nodes if node.is_online} == set(alive)
        assert {shown(node) for node in snapshot.nodes if node.listed} == {name_of(row) for row in listed.rows}


async def test_by_moving_uptimes_alone_only_an_uptime_of_zero_with_a_fresh_contact_differs(world: World) -> None:
    """For addresses that were listed before: their own state, regardless of other addresses of the node."""
    before: dict[str, int] = {}
    compared, differing = 0, list[bool]()
    for listed, moved in zip(world.lists, moved_in(world.lists), strict=True):
        snapshot = await world.reads.at(int(listed.at))
        states = {each.address: each.status for node in snapshot.nodes for each in node.sightings}
        for row in listed.rows:
            address, uptime = row["address"], row["uptime"]
            if address in before:
                compared += 1
                if (states[address] is PNodeStatus.ONLINE) != (address in moved):
                    fresh = int(listed.at) - row["last_seen_timestamp"] < 120
                    differing.append(fresh and before[address] == uptime == 0)
            before[address] = uptime

    assert compared > 5_000
    assert differing == [True]


async def test_each_living_node_is_at_its_home_and_events_tell_each_change_of_it(world: World) -> None:
    for listed, homes in zip(world.lists, world.homes, strict=True):
        snapshot = await world.reads.at(int(listed.at))
        assert {name: node.address for node in snapshot.nodes if (name := shown(node)) in homes} == homes

    pairs = list(enumerate(zip(world.homes, world.homes[1:], strict=False), start=1))
    judged = {(number, name) for number, (before, after) in pairs for name in before.keys() & after.keys()}
    moves = {(n, name, world.homes[n - 1][name], world.homes[n][name]) for n, name in judged}
    changes = told(world, EventType.ADDRESS_CHANGED)

    assert {change for change in changes if change[:2] in judged} == {m for m in moves if m[2] != m[3]}
    assert len(judged) > 0.98 * sum(map(len, world.alive[1:]))
    assert len(changes) > 50


async def test_no_restart_is_told_as_no_uptime_of_these_lists_fell(world: World) -> None:
    before: dict[str, int] = {}
    for listed in world.lists:
        assert [r["address"] for r in listed.rows if r["uptime"] < before.get(r["address"], 0)] == []
        before.update((row["address"], row["uptime"]) for row in listed.rows)

    assert told(world, EventType.RESTARTED) == set()


async def test_exactly_the_nodes_that_run_two_processes_at_once_are_a_key_conflict(world: World) -> None:
    """By hand: addresses of one key that both change in most lists, with process starts more than an hour apart."""
    starts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for listed, moved in zip(world.lists, moved_in(world.lists), strict=True):
        for row in listed.rows:
            if row["address"] in moved:
                starts[name_of(row)][row["address"]].append(row["last_seen_timestamp"] - row["uptime"])
    steady = {
        name: [min(each) for each in addresses.values() if len(each) > len(world.lists) // 2]
        for name, addresses in starts.items()
    }
    conflicts = {name for name, each in steady.items() if each and max(each) - min(each) > HOUR}

    assert len(conflicts) == 1
    assert {name for _, name, _, _ in told(world, EventType.KEY_CONFLICT)} == conflicts
    assert len(told(world, EventType.KEY_CONFLICT)) == 1


async def test_restarts_in_the_series_are_told_where_they_are(store_db: Mongo, tmp_path: Path) -> None:
    """Three nodes with a constant home restart in the lists 3, 12 and 23."""
    lists = recorded(SERIES)
    homes = [{name: set(alive) for name, alive in of_list.items()} for of_list in living(lists)]
    steady = sorted(
        name for name, home in homes[0].items() if len(home) == 1 and all(h.get(name) == home for h in homes)
    )
    restarts: set[tuple[int, str, str | None, str | None]] = set()
    for number, name in zip((3, 12, 23), steady, strict=False):
        rows = [next(row for row in listed.rows if name_of(row) == name) for listed in lists]
        lost = rows[number]["uptime"] - 77
        restarts.add((number, name, str(rows[number - 1]["uptime"]), "77"))
        for row in rows[number:]:
            row["uptime"] -= lost
    for listed in lists:
        at = datetime.fromtimestamp(listed.at, UTC).isoformat()
        (tmp_path / f"{listed.at}.json").write_text(json.dumps({"updatedAt": at, "nodes": listed.rows}))

    await take_in(store_db, tmp_path)
    world = await world_of(store_db, tmp_path)

    assert len(restarts) == 3
    assert told(world, EventType.RESTARTED) == restarts


async def test_each_node_has_a_sample_for_each_list_since_it_was_first_seen(world: World) -> None:
    start, end = int(world.lists[0].at) - 60, int(world.lists[-1].at) + 60
    name = next(iter(world.alive[0]))
    node = await world.history.node_history([name], start, end, Resolution.AUTO)
    network = await world.history.network_history(start, end, Resolution.RAW)

    assert node.resolution is Resolution.RAW
    assert [p.stats["online"].last for p in node.points] == [int(name in alive) for alive in world.alive]
    assert [p.stats["online"].last for p in network.points] == [len(alive) for alive in world.alive]
