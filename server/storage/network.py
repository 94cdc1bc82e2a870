"""The network of a store. One store serves one network, because nodes of two networks would be ranked together."""

import contextlib

from schema.domain.errors import OtherNetwork, SnapshotUnavailable
from server.storage.connect import Mongo
from server.storage.documents import Marker
from server.storage.head import Head
from server.storage.snapshots import payload
from server.storage.snapshots.log import SnapshotLog


async def refusal_of_network(mongo: Mongo, network: str) -> str | None:
    """Why nothing may be written for this network: the store holds another one. None also if the store does not
    answer."""
    with contextlib.suppress(SnapshotUnavailable):
        async with mongo.answering():
            marker = await _a_marker(mongo)
        if marker is not None:
            held = payload.header_of(marker).network
            return str(OtherNetwork(held, network)) if held != network else None
    return None


async def _a_marker(mongo: Mongo) -> Marker | None:
    """The marker of the newest snapshot. A store that only has imported snapshots has no head: then of the oldest."""
    found = await Head(mongo).read()
    if found is not None and found.marker is not None:
        return found.marker
    snapshots = SnapshotLog(mongo)
    slot = await snapshots.earliest()
    return None if slot is None else await snapshots.find(slot)
