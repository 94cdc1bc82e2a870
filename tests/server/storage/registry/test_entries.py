"""The queries of the registry."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from schema.domain.base import MAX_INT64
from schema.domain.node.registry import Contact, RegistryEntry
from server.storage.connect import Mongo
from server.storage.registry.entries import Registry
from tests.factories import AT, address, pnode
from tests.server.storage.builders import entry


def entry_of(number: int, last_seen: int | None = AT, **changes: object) -> RegistryEntry:
    return entry(pnode(number), AT, last_seen=last_seen, **changes)


async def test_a_node_is_found_by_id_pubkey_and_every_address(store_db: Mongo) -> None:
    keyed = entry_of(1, addresses=(address(1), address(7), address(8)))
    plain = entry(pnode(2, pubkey=None), AT)
    await Registry(store_db).write([keyed, plain], token=1)
    assert keyed.pubkey is not None
    for key in (keyed.id, keyed.pubkey, address(1), address(7), address(8)):
        assert await Registry(store_db).find(key) == keyed
    for key in (f"addr:{address(2)}", address(2)):
        assert await Registry(store_db).find(key) == plain


@pytest.mark.parametrize("key", ["", "nobody", "x" * 301, "\ud800", "a\x00b", "$where"])
async def test_an_unknown_key_is_none(store_db: Mongo, key: str) -> None:
    await Registry(store_db).write([entry_of(1)], token=1)
    assert await Registry(store_db).find(key) is None


async def test_who_has_an_address_now_wins_over_who_had_it(store_db: Mongo) -> None:
    had = entry_of(1, last_seen=AT + 500, addresses=(address(1), address(9)))
    has = entry_of(2, last_seen=AT, address=address(9), addresses=(address(9),))
    await Registry(store_db).write([had, has], token=1)
    assert await Registry(store_db).find(address(9)) == has


async def test_of_those_who_had_an_address_the_one_seen_last_wins(store_db: Mongo) -> None:
    entries = [entry_of(i, last_seen=AT + i % 3, addresses=(address(i), address(99))) for i in (1, 2, 3, 4)]
    await Registry(store_db).write(entries, token=1)
    assert await Registry(store_db).find(address(99)) == entries[1]


async def test_a_new_entry_replaces_the_old_one_with_its_addresses(store_db: Mongo) -> None:
    await Registry(store_db).write([entry_of(1)], token=1)
    moved = entry_of(1, address=address(5), addresses=(address(5),))
    await Registry(store_db).write([moved], token=1)
    assert await Registry(store_db).find(moved.id) == moved
    assert await Registry(store_db).find(address(5)) == moved
    assert await Registry(store_db).find(address(1)) is None


@pytest.mark.parametrize("write", [partial(Registry.write, token=1), Registry.write_past])
async def test_a_node_whose_key_became_known_has_one_entry_found_by_its_former_id(
    store_db: Mongo, write: Callable[[Registry, Sequence[RegistryEntry]], Awaitable[None]]
) -> None:
    unkeyed = entry(pnode(1, pubkey=None), AT)
    await write(Registry(store_db), [unkeyed, entry_of(2)])
    keyed = entry_of(1, former_ids=(unkeyed.id,))
    await write(Registry(store_db), [keyed])
    assert await Registry(store_db).count() == 2
    assert await Registry(store_db).find(unkeyed.id) == keyed


class Conditions(CommandListener):
    """The conditions of all updates and deletes."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.found += [each["q"] for kind in ("updates", "deletes") for each in event.command.get(kind, ())]

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def test_every_change_names_one_id_and_a_plain_condition(
    store_db: Mongo, connect_db: Callable[..., Mongo]
) -> None:
    """With a logical operator or several ids, the embedded engine scans all entries: 25 ms for 4,000 of them."""
    conditions = Conditions()
    mongo = connect_db(event_listeners=[conditions])
    await mongo.prepare()
    registry = Registry(mongo)
    conditions.found.clear()
    keyed = entry_of(1, former_ids=(f"addr:{address(1)}", f"addr:{address(2)}"))
    for write in (
        partial(registry.write, token=1),
        partial(registry.write, token=1),
        registry.write_past,
    ):
        await write([keyed])
    operators = {name for each in conditions.found for name in each if name.startswith("$")}
    assert operators == set()
    assert len(conditions.found) > 3
    assert all(isinstance(each["_id"], str) for each in conditions.found)


async def test_an_entry_of_a_newer_token_and_slot_is_neither_replaced_nor_removed(store_db: Mongo) -> None:
    unkeyed = entry(pnode(1, pubkey=None), AT + 60)
    await Registry(store_db).write([unkeyed], token=3)
    older = entry_of(1, former_ids=(unkeyed.id,))
    await Registry(store_db).write([older], token=2)
    assert set(await Registry(store_db).by_ids([unkeyed.id, older.id])) == {unkeyed.id, older.id}
    await Registry(store_db).write([entry(pnode(1), AT + 120, former_ids=(unkeyed.id,))], token=2)
    assert set(await Registry(store_db).by_ids([unkeyed.id, older.id])) == {older.id}


async def test_an_import_removes_nothing_that_a_worker_wrote(store_db: Mongo) -> None:
    unkeyed = entry(pnode(1, pubkey=None), AT)
    await Registry(store_db).write([unkeyed], token=1)
    await Registry(store_db).write_past([entry_of(1, former_ids=(unkeyed.id,))])
    assert await Registry(store_db).find(unkeyed.id) == unkeyed


async def test_contacts_are_in_order_with_addresses_for_ties(store_db: Mongo) -> None:
    entries = [entry_of(i, last_seen=None if i == 4 else AT + i // 2) for i in range(1, 8)]
    await Registry(store_db).write(entries, token=1)
    expected = sorted(entries, key=lambda e: (-e.last_contact, e.address))
    found = await Registry(store_db).contacts(without=())
    assert found == [Contact(e.last_contact, e.address, e.id) for e in expected]
    assert await Registry(store_db).contacts(without=(), most=3) == found[:3]
    assert await Registry(store_db).count() == 7


async def test_contacts_are_of_others_and_of_a_time(store_db: Mongo) -> None:
    entries = [entry_of(i, last_seen=AT + 10 * i) for i in range(1, 6)]
    await Registry(store_db).write(entries, token=1)
    found = await Registry(store_db).contacts(without={entries[2].id}, since=AT + 20, before=AT + 50)
    assert [each.at for each in found] == [AT + 40, AT + 20]
    assert [each.at for each in await Registry(store_db).contacts(without=(), before=AT + 20)] == [AT + 10]
    assert [each.at for each in await Registry(store_db).contacts(without=(), since=AT + 50)] == [AT + 50]
    assert await Registry(store_db).contacts(without=(), since=AT + 51) == []


async def test_the_largest_figures_are_kept(store_db: Mongo) -> None:
    large = entry_of(1, storage_committed=MAX_INT64, storage_used=MAX_INT64, uptime=MAX_INT64)
    await Registry(store_db).write([large], token=1)
    assert await Registry(store_db).find(large.id) == large


async def test_more_than_a_batch_mixes_new_and_known_entries(store_db: Mongo) -> None:
    await Registry(store_db).write([entry_of(i) for i in range(0, 1_200, 3)], token=1)
    newer = [entry_of(i, last_seen=AT + 60) for i in range(1_200)]
    await Registry(store_db).write(newer, token=1)
    assert await Registry(store_db).by_ids([one.id for one in newer]) == {one.id: one for one in newer}
