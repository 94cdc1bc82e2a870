"""One network, and a client of it."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from schema.domain.snapshot.record import Snapshot
from tests.fakes import FakeReads
from tests.server.rest.world import make_client, world


@pytest.fixture
def reads() -> FakeReads:
    return world()


@pytest.fixture
def snapshot(reads: FakeReads) -> Snapshot:
    newest = reads.current()
    assert newest is not None
    return newest


@pytest.fixture
def client(reads: FakeReads) -> Iterator[TestClient]:
    with make_client(reads) as client:
        yield client
