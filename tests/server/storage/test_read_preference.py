"""A replica set whose secondary is behind: no read shows its older slot, whatever the URI prefers."""

import uuid
from collections.abc import AsyncIterator, Callable

import pytest
from pymongo.read_preferences import Secondary

from server.storage.connect import Mongo
from server.storage.documents import HeadDocument, collection_name
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.conftest import PATIENT
from tests.factories import AT
from tests.mongo_proxy import prepared
from tests.replica_set import replica_set
from tests.server.storage.builders import commit

OLDER, NEWEST = AT, AT + 60
LEASE_SECONDS = 1_000


Open = Callable[[str], Mongo]
"""Opens the database of the set, with a read preference in the URI."""


@pytest.fixture
async def lagging(mongo_uri: str) -> AsyncIterator[Open]:
    """The primary has two slots, and the secondary only the first."""
    newest, older = (f"test_{uuid.uuid4().hex[:16]}" for _ in range(2))
    for name, slots in ((newest, (OLDER, NEWEST)), (older, (OLDER,))):
        mongo = Mongo(mongo_uri, name, **PATIENT)
        store = MongoSnapshotStore(mongo, [])
        lease = await store.acquire("worker", AT, LEASE_SECONDS)
        assert lease is not None
        for slot in slots:
            await store.commit(lease, commit(slot))
        await mongo.close()
    async with replica_set(mongo_uri, newest, older) as uri:
        opened: list[Mongo] = []

        def prefer(preference: str) -> Mongo:
            opened.append(Mongo(f"{uri}&readPreference={preference}", newest, **PATIENT))
            return opened[-1]

        yield prefer
        for mongo in opened:
            await mongo.close()


async def test_the_secondary_is_behind(lagging: Open) -> None:
    """Without this, the next test could not fail."""
    mongo = lagging("secondary")
    heads = mongo.database.get_collection(collection_name(HeadDocument), read_preference=Secondary())
    found = await heads.find_one({})
    assert found is not None
    assert found["marker"]["slot"] == OLDER


@pytest.mark.parametrize("preference", ["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"])
async def test_a_read_never_shows_an_older_slot_than_the_primary_has(lagging: Open, preference: str) -> None:
    mongo = await prepared(lagging(preference))
    previous = await MongoSnapshotStore(mongo, []).previous()
    head = await mongo.documents(HeadDocument).find_one({})
    assert previous is not None
    assert head is not None
    assert head.marker is not None
    assert (previous[0].slot, head.marker.slot) == (NEWEST, NEWEST)
