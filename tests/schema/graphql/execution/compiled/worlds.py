"""The data of the tests: ordinary networks, and networks that no collector would produce."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from schema.domain.base import UnixSeconds
from schema.domain.cycle.events import Event, EventType
from schema.domain.history.points import NETWORK_METRICS, NODE_METRICS, History, HistoryPoint, Resolution, Stat
from schema.domain.node.pnode import (
    AddressChange,
    AddressSighting,
    Disagreement,
    LivenessBasis,
    MissingField,
    MissingReason,
    PNode,
    PNodeStatus,
    Provenance,
    VersionChange,
)
from schema.domain.snapshot.record import Snapshot
from schema.graphql.execution.context import Context
from tests.factories import AT, SEEDS, address, key, network, pnode, score, seed_report, snapshot
from tests.fakes import FakeReads, FakeUpdates

NOW = AT + 5.0
NAN, INF = float("nan"), float("inf")


class Yielding(FakeReads):
    """Reads that let other tasks run in between, some more often than others."""

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        await self._yield(3 if as_of is None else as_of % 5)
        return await super().snapshot(as_of)

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        await self._yield(sum(map(len, node_ids)) % 4)
        if node_ids[0] == key(2):
            raise RuntimeError("this node's history is broken")
        return await super().node_history(node_ids, start, end, resolution, include_current=include_current)

    async def _yield(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)


def extreme_nodes() -> list[PNode]:
    """Valid nodes with extreme values, and nodes with values beyond what GraphQL can represent."""
    return [
        pnode(1, uptime=2**63 - 1, storage_committed=2**63 - 1, storage_used=2**53, rpc_port=2**31 - 1, version=""),
        pnode(2, uptime=-(2**63), rpc_port=2**31, versions_behind=2**31, last_seen=10**15, alive_at=-1),
        pnode(3, storage_usage_percent=NAN, storage_growth=INF, score=score(NAN, percentile=-INF, rank=2**31)),
        pnode(4, first_seen=-1),
        pnode(5, first_seen=253_402_300_800, state_changes=2**31),
        pnode(6, pubkey=None, version=None, uptime=None, consistency=None, score=None, is_public=None, witnesses=()),
        pnode(7, version='"\\\x00\u2028é😀', source_ips=("</script>", "\n"), status=PNodeStatus.UNKNOWN, score=None),
        pnode(
            8,
            previous_addresses=tuple(AddressChange(address=address(n), until=AT - n) for n in range(3)),
            previous_versions=(VersionChange(version="0.7", until=10**15), VersionChange(version="0.6", until=AT)),
            sightings=(AddressSighting(address="a:1", status=PNodeStatus.GHOST, witness_count=2**40, uptime=2**60),),
            liveness_basis=LivenessBasis.NONE,
            key_conflict=True,
        ),
        pnode(
            9,
            provenance=Provenance(
                seed=None,
                observed_at=10**13,
                own_fields=("storage_used",),
                disagreements=(Disagreement(field="uptime", values=(("1", SEEDS[:1]), ("2", SEEDS[1:]))),),
                missing=(MissingField(field="version", reason=MissingReason.INVALID),),
            ),
        ),
    ]


def broken_nodes() -> list[PNode]:
    """Nodes with values of wrong types, and without some of their attributes."""

    def broken(number: int, *without: str, **changes: Any) -> PNode:
        fields = {name: getattr(pnode(number), name) for name in PNode.model_fields}
        fields |= changes
        return PNode.model_construct(**{name: value for name, value in fields.items() if name not in without})

    return [
        broken(1, version=5, is_public="yes", uptime=1.5, rpc_port=80.0),
        broken(2, "score", "sightings"),
        broken(3, status="ONLINE", liveness_basis="NOPE", is_seed=1, key_conflict=None),
        broken(4, sightings="text", source_ips=5, provenance=None),
        broken(5, sightings=(None, pnode(1).sightings[0]), source_ips=["a", None, 3], witnesses={"b": 1}),
        broken(6, consistency=ValueError("a value that is an error"), score=ValueError("another"), address=b"bytes"),
        broken(7, version=True, storage_used="12", uptime=True, first_seen=True, last_seen=1.0, state_changes=NAN),
        broken(8, rpc_port=10**400, storage_usage_percent=10**400, storage_growth="0.5", pubkey=PNodeStatus.GHOST),
        broken(9, sightings=dict(enumerate(pnode(1).sightings)).values(), previous_addresses=(None,), address=object()),
        pnode(10),
    ]


def _points(metrics: Sequence[str], count: int = 4) -> tuple[HistoryPoint, ...]:
    return tuple(
        HistoryPoint(
            start=AT - 60 * (count - n),
            end=AT - 60 * (count - n - 1),
            partial=n == count - 1,
            samples=1,
            expected=1 + n % 2,
            stats={name: Stat(1, n, n, n, 2**62 * (n == 2) + n) for name in metrics[n:]},
            versions=(("0.8.0", 2), (None, n)) if n else (),
        )
        for n in range(count)
    )


def _events() -> list[Event]:
    types = list(EventType)
    return [
        Event(slot=AT - 60, index=n, at=AT - 58, type=types[n % len(types)], subject=key(n % 5), before=None, after="é")
        for n in range(9)
    ]


def _past(nodes: int) -> dict[str, Any]:
    return {
        "events": _events(),
        "network_points": _points(NETWORK_METRICS),
        "node_points": {key(n): _points(NODE_METRICS) for n in range(1, nodes, 2)},
        "now": int(NOW),
    }


def _ordinary() -> FakeReads:
    return FakeReads([network(4, AT - 3_600), network(7, AT - 60), network(7)], **_past(7))


def _extreme() -> FakeReads:
    seeds = (seed_report(SEEDS[0], coverage=NAN, listed=2**31, latency_ms={"a": INF, "b": 1.0}, dropped={"uptime": 2}),)
    return FakeReads([snapshot(extreme_nodes(), seeds=seeds, node_count=2**31)], **_past(4))


def _broken() -> FakeReads:
    # The nodes are not validated or sorted again, because some have no id.
    made = network(1)
    return FakeReads([Snapshot.model_construct(header=made.header, nodes=tuple(broken_nodes()))], **_past(4))


WORLDS: dict[str, Callable[[], FakeReads]] = {
    "ordinary": _ordinary,
    "yielding": lambda: Yielding([network(4, AT - 3_600), network(7)], **_past(7)),
    "extreme": _extreme,
    "broken": _broken,
    "empty": lambda: FakeReads([snapshot(())], **_past(1)),
    "nothing": FakeReads,
    "down": lambda: FakeReads([network(3)], down=True),
}
# The first four are used more often, because the others show little.
CHOICES = (*list(WORLDS)[:4] * 3, *WORLDS)


def context(reads: FakeReads) -> Context:
    """A new request."""
    return Context(reads=reads, updates=FakeUpdates(), now=NOW, request_id="request-1")
