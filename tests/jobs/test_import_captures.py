"""Importing the real series, and asking for it at each of its times. Who lived when is found here apart from our code.

The rule: an address lives in a list if its uptime there differs from the one in the list that had it before. At its first
sight nothing can be compared, and where its uptime was 0 all along nothing can be told by it: it lives then if it was
heard of within two minutes. A key lives where any of its addresses does; a row without a usable key is its address.
"""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jobs.importer import import_files
from jobs.retention import Retention
from schema.domain.base import DAY
from schema.domain.cycle import CycleOptions
from schema.domain.events import Event, EventType
from schema.domain.history import Resolution
from schema.domain.pnode import PNode
from schema.reads import EventFilter
from server.storage.connect import Mongo
from server.storage.event_reads import EventReads
from server.storage.history_reads import HistoryReads
from server.storage.snapshot_reads import SnapshotReads
from server.storage.upkeep import MongoUpkeep

SERIES = Path(__file__).parents[3] / "shared" / "data" / "captures" / "series-20251226"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

pytestmark = [
    pytest.mark.captures,
    pytest.mark.skipif(not SERIES.is_dir(), reason="the recordings do not lie beside this checkout"),
]


class Listed(NamedTuple):
    """A recorded list: its time, and its rows."""

    at: float
    rows: list[dict[str, Any]]


def recorded() -> list[Listed]:
    found = [json.loads(path.read_text()) for path in SERIES.glob("*.json")]
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
    """For each list: per node, its living addresses with their uptimes."""
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


class World(NamedTuple):
    lists: list[Listed]
    alive: list[dict[str, dict[str, int]]]
    reads: SnapshotReads
    history: HistoryReads
    log: tuple[Event, ...]


@pytest.fixture
async def world(store_db: Mongo) -> World:
    lists = recorded()
    now = lists[-1].at + 330 * DAY
    upkeep = MongoUpkeep(store_db, clock=lambda: now)
    options = CycleOptions(interval=60)
    imported = await import_files([SERIES], upkeep, options, retention=Retention(), now=now, keep_raw=True)
    assert imported.slots == imported.lists == len(lists)
    history = HistoryReads(store_db, clock=lambda: now)
    events = EventReads(store_db, history.earliest, clock=lambda: now)
    log = await events.events(EventFilter(), None, 1_000)
    return World(lists, living(lists), SnapshotReads(store_db, clock=lambda: now), history, log)


def shown(node: PNode) -> str:
    return node.pubkey or node.address


async def test_at_each_of_its_times_exactly_the_nodes_that_lived_are_online(world: World) -> None:
    for listed, alive in zip(world.lists, world.alive, strict=True):
        snapshot = await world.reads.at(int(listed.at))
        assert listed.at - 60 < snapshot.slot <= listed.at
        assert {shown(node) for node in snapshot.nodes if node.is_online} == set(alive)
        assert {shown(node) for node in snapshot.nodes if node.listed} == {name_of(row) for row in listed.rows}


async def test_events_tell_the_restarts_and_the_changes_of_port(world: World) -> None:
    """Of nodes that lived at exactly one address before and after; of others there is no single address to compare."""
    restarts: set[tuple[int, str]] = set()
    moves: set[tuple[int, str, str, str]] = set()
    judged: set[tuple[int, str]] = set()
    for (listed, alive), before in zip(
        list(zip(world.lists, world.alive, strict=True))[1:], world.alive[:-1], strict=True
    ):
        slot = int(listed.at) // 60 * 60
        for name, now in alive.items():
            if len(now) != 1 or len(before.get(name, {})) != 1:
                continue
            ((old_address, old_uptime),), ((address, uptime),) = before[name].items(), now.items()
            judged.add((slot, name))
            if address != old_address:
                moves.add((slot, name, old_address, address))
            if uptime < old_uptime:
                restarts.add((slot, name))

    told = [event for event in world.log if (event.slot, event.subject.removeprefix("addr:")) in judged]
    named = [(event.slot, event.subject.removeprefix("addr:"), event) for event in told]
    assert {(s, n) for s, n, e in named if e.type is EventType.RESTARTED} == restarts
    assert {(s, n, e.before, e.after) for s, n, e in named if e.type is EventType.ADDRESS_CHANGED} == moves
    assert len(moves) > 10
    # No address of these lists ever shows a lower uptime than before.
    assert restarts == set()


async def test_each_node_has_a_sample_for_each_list_since_it_was_first_seen(world: World) -> None:
    start, end = int(world.lists[0].at) - 60, int(world.lists[-1].at) + 60
    name = next(iter(world.alive[0]))
    node = await world.history.node_history([name], start, end, Resolution.AUTO)
    network = await world.history.network_history(start, end, Resolution.RAW)

    assert node.resolution is Resolution.RAW
    assert [p.stats["online"].last for p in node.points] == [int(name in alive) for alive in world.alive]
    assert [p.stats["online"].last for p in network.points] == [len(alive) for alive in world.alive]
