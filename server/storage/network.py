"""Which network a store holds. One store serves one network: nodes of two of them would be ranked against each other."""

import contextlib

from schema.domain.errors import OtherNetwork, SnapshotUnavailable
from server.storage import head
from server.storage.connect import Mongo
from server.storage.snapshots import payload


async def refusal_of_network(mongo: Mongo, network: str) -> str | None:
    """Why nothing may be written to the store for this network: it holds another one. None also if the store is away."""
    with contextlib.suppress(SnapshotUnavailable):
        async with mongo.answering():
            found = await head.read()
        if found is not None and found.marker is not None:
            held = payload.header_of(found.marker).network
            return str(OtherNetwork(held, network)) if held != network else None
    return None
