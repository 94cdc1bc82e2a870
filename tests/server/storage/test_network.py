"""A store serves one network. A writer of another network is refused, with the remedy."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from server.storage.connect import Mongo
from server.storage.network import refusal_of_network
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT
from tests.processes import module
from tests.server.storage.builders import commit

REFUSAL = "the store holds snapshots of the network devnet, and NETWORK is trynet: use another MONGO_DB, or set NETWORK=devnet"


async def fill(mongo: Mongo) -> None:
    store = MongoSnapshotStore(mongo)
    lease = await store.acquire("worker", 0.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(AT, 2))


async def test_an_empty_store_takes_any_network(store_db: Mongo) -> None:
    assert await refusal_of_network(store_db, "trynet") is None


async def test_a_store_takes_the_network_that_it_holds_and_no_other_one(store_db: Mongo) -> None:
    await fill(store_db)
    assert await refusal_of_network(store_db, "devnet") is None
    assert await refusal_of_network(store_db, "trynet") == REFUSAL


async def test_a_store_that_is_away_is_no_reason(connect_db: Callable[..., Mongo]) -> None:
    away = Mongo("mongodb://127.0.0.1:1/", "nowhere", server_selection_seconds=0.1)
    assert await refusal_of_network(away, "devnet") is None
    await away.close()


@pytest.mark.stack
async def test_a_worker_of_another_network_ends_with_status_2_and_one_line(
    store_db: Mongo, mongo_uri: str, redis_url: str, db_name: str, tmp_path: Path
) -> None:
    await fill(store_db)
    env = {
        "PATH": os.environ["PATH"],
        "MONGO_URI": mongo_uri,
        "MONGO_DB": db_name,
        "REDIS_URL": redis_url,
        "NETWORK": "trynet",
        "IP_NODES": "127.0.0.1:1",
    }
    with module("jobs.worker", log=tmp_path / "log", env=env) as started:
        assert started.wait() == 2
    said = [line for line in started.text().splitlines() if not line.startswith("{")]
    assert said == [REFUSAL]
