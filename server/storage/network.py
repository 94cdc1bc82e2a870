"""The network of a store. One store serves one network, because nodes of two networks would be ranked together."""

import contextlib

from schema.domain.errors import OtherNetwork, SnapshotUnavailable
from server.storage.connect import Mongo
from server.storage.head import Head
from server.storage.snapshots import payload


async def refusal_of_network(mongo: Mongo, network: str) -> str | None:
    """Why nothing may be written for this network: the store holds another one. None also if the store does not
    answer."""
    with contextlib.suppress(SnapshotUnavailable):
        async with mongo.answering():
            found = await Head(mongo).read()
        if found is not None and found.marker is not None:
            held = payload.header_of(found.marker).network
            return str(OtherNetwork(held, network)) if held != network else None
    return None
