"""The growth of the network, as every public surface asks for it."""

from schema.domain.history.trends import Growth, asked_slot, growth_since
from schema.domain.snapshot.record import SnapshotHeader
from schema.reads import Reads


async def read_growth(reads: Reads, newest: SnapshotHeader, hours: float) -> Growth:
    """The growth up to the newest snapshot since `hours` before; since the first one kept in a store that is younger.

    Raises SnapshotUnavailable where the store is silent.
    """
    base = await reads.header(asked_slot(newest, hours))
    if base is None:
        first = (await reads.available()).earliest_snapshot
        base = await reads.header(first) if first is not None else None
    return growth_since(base, newest, hours)
