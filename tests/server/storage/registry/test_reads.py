"""The registry as one list, over present and departed nodes."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from schema.domain.base import DAY, HOUR
from schema.domain.snapshot.record import Snapshot
from server.storage.connect import Mongo
from server.storage.registry.entries import Registry
from server.storage.registry.reads import RegistryReads
from tests.factories import AT, pnode, snapshot
from tests.fakes import FakeReads
from tests.server.storage.builders import entry

# Some are present, some have left. The store has old entries for the present ones.
PRESENT = tuple(pnode(i, last_seen=AT - 40 * i * i) for i in range(1, 21))
LEFT = tuple(entry(pnode(100 + i), AT - DAY, last_seen=AT - 60 * i * i) for i in range(1, 21))
KEPT = (*(entry(node, AT - DAY, last_seen=(node.last_seen or AT) - HOUR) for node in PRESENT), *LEFT)


async def read(
    reads: RegistryReads, now: Snapshot, skip: int, limit: int, before: int | None = None
) -> tuple[list[str], int]:
    page = await reads.page(now, skip=skip, limit=limit, last_seen_before=before)
    return [known.id for known in page.entries], page.total


@pytest.fixture
async def now(store_db: Mongo) -> Snapshot:
    await Registry(store_db).write(KEPT, token=1)
    return snapshot(PRESENT)


@pytest.mark.parametrize("before", [None, AT - 1_000, AT - 10 * DAY])
@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_pages_are_those_of_the_whole_list_in_order(
    store_db: Mongo, now: Snapshot, limit: int, before: int | None
) -> None:
    reads, expected = RegistryReads(store_db), FakeReads([now], registry=KEPT)
    for skip in (*range(0, 40, limit), 41, 1_000_000):
        page = await reads.page(now, skip=skip, limit=limit, last_seen_before=before)
        assert page == await expected.registry(now, skip=skip, limit=limit, last_seen_before=before)


async def test_present_nodes_are_as_they_are_there_and_others_as_the_registry_has_them(
    store_db: Mongo, now: Snapshot
) -> None:
    page = await RegistryReads(store_db).page(now, skip=0, limit=50, last_seen_before=None)
    assert {known.id: known for known in page.entries} == {n.id: n for n in PRESENT} | {e.id: e for e in LEFT}


class Filters(CommandListener):
    """The contacts of the registry that were queried."""

    def __init__(self) -> None:
        self.of_contacts: list[Any] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find" and "sort" in event.command:
            self.of_contacts.append(event.command["filter"])

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def test_a_page_of_recent_contacts_reads_no_further_back_and_an_older_one_only_once(
    connect_db: Callable[..., Mongo], now: Snapshot
) -> None:
    filters = Filters()
    reads = RegistryReads(connect_db(event_listeners=[filters]))
    await read(reads, now, 0, 5)
    assert filters.of_contacts == [{"seen": {"$gte": AT - 40 * 25}}]
    await read(reads, now, 10, 10)
    await read(reads, now, 15, 15)
    assert filters.of_contacts[1:] == [{}]


async def test_a_list_that_was_cut_off_is_read_again_when_a_page_reaches_further(
    store_db: Mongo, now: Snapshot
) -> None:
    reads, expected = RegistryReads(store_db, kept_contacts=5), FakeReads([now], registry=KEPT)
    for skip in (18, 25, 36, 20):
        page = await reads.page(now, skip=skip, limit=3, last_seen_before=None)
        assert page == await expected.registry(now, skip=skip, limit=3)


async def test_who_leaves_with_the_next_snapshot_is_told_apart_then(store_db: Mongo, now: Snapshot) -> None:
    reads = RegistryReads(store_db)
    everyone = (await read(reads, now, 0, 50))[0]
    fewer = snapshot(PRESENT[1:], AT + 60)
    found = await reads.page(fewer, skip=0, limit=50, last_seen_before=None)
    assert {known.id for known in found.entries} == set(everyone)
    assert KEPT[0] in found.entries


async def test_a_former_id_of_a_present_node_is_no_node_of_its_own(store_db: Mongo) -> None:
    now = snapshot([pnode(1, former_ids=("addr:45.9.9.9:9001",))])
    await Registry(store_db).write([entry(pnode(1), AT), entry(pnode(2), AT, id="addr:45.9.9.9:9001")], token=1)
    assert (await read(RegistryReads(store_db), now, 0, 9))[0] == [now.nodes[0].id]
