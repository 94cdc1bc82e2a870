"""The subscriptions, which are updated after each commit."""

from collections.abc import AsyncGenerator, Callable
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import strawberry

from schema.derived import Tables, tables_of
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.pairs import pairs_of
from schema.graphql.execution.context import Context, Info
from schema.graphql.execution.streams import closing
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.lists.filters import compile_filter
from schema.graphql.topics.alerts import ALERT_COLUMNS, AlertChange, AlertType, AlertWhere, ChangedAlert, alert_changes
from schema.graphql.topics.events import EventGraphType, event_stream
from schema.graphql.topics.pnode_filters import PNODE_COLUMNS, PNodeWhere
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import Header, SnapshotType
from schema.graphql.types.enums import describe
from schema.graphql.types.fields import argument, attribute, published, resolved

# The fields whose changes count, by public name. Uptime and gossip times change with every snapshot, and sizes with
# most. They are left to `snapshots`; otherwise subscribers would get every node every time.
CHANGING: dict[str, Callable[[PNode], object]] = {
    "address": lambda node: node.address or None,
    "pubkey": lambda node: node.pubkey,
    "status": lambda node: node.status,
    "livenessBasis": lambda node: node.liveness_basis,
    "listed": lambda node: node.listed,
    "isPublic": lambda node: node.is_public,
    "rpcPort": lambda node: node.rpc_port,
    "version": lambda node: node.version,
    "versionsBehind": lambda node: node.versions_behind,
    "storageCommitted": lambda node: node.storage_committed,
    "witnesses": lambda node: node.witnesses,
    "tier": lambda node: node.newest_tier,
    "score": lambda node: found.composite if (found := node.newest_score) is not None else None,
    "keyConflict": lambda node: node.key_conflict,
}


class ChangeKind(StrEnum):
    """What happened to a node between two snapshots."""

    ADDED = "ADDED"
    UPDATED = "UPDATED"
    REMOVED = "REMOVED"


describe(
    ChangeKind,
    "What happened to a node between two snapshots.",
    {
        ChangeKind.ADDED: "It is new in this snapshot.",
        ChangeKind.UPDATED: "At least one of its fields changed.",
        ChangeKind.REMOVED: "It is no longer in this snapshot.",
    },
)


class NodeChange(NamedTuple):
    """A node in two snapshots. One of them is None if it was added or removed."""

    id: str
    kind: ChangeKind
    changed_fields: tuple[str, ...]
    before: PNode | None
    after: PNode | None


def node_changes(before: Tables, after: Tables) -> tuple[NodeChange, ...]:
    """The nodes that differ in a field of `CHANGING`, by id. Cached with the later snapshot."""
    return after.lists.remember(("changes since", before.header.slot), lambda: tuple(_differences(before, after)))


def _differences(before: Tables, after: Tables) -> list[NodeChange]:
    nodes, departed = pairs_of(before.snapshot, after.snapshot)
    changes: list[NodeChange] = []
    for was, node in nodes:
        if was is None:
            changes.append(NodeChange(node.id, ChangeKind.ADDED, (), None, node))
            continue
        changed = tuple(name for name, read in CHANGING.items() if read(was) != read(node))
        if changed:
            changes.append(NodeChange(node.id, ChangeKind.UPDATED, changed, was, node))
    gone = [NodeChange(node.id, ChangeKind.REMOVED, (), node, None) for node in departed]
    return [*changes, *gone]


class ChangeView(NamedTuple):
    """A change with the snapshots before and after it."""

    change: NodeChange
    previous: Tables
    tables: Tables

    @property
    def id(self) -> str:
        return self.change.id

    @property
    def kind(self) -> ChangeKind:
        return self.change.kind

    @property
    def changed_fields(self) -> tuple[str, ...]:
        return self.change.changed_fields


async def snapshot_pairs(context: Context) -> AsyncGenerator[tuple[Tables, Tables], None]:
    """Each new snapshot with the previous one of this subscriber."""
    current = context.reads.current()
    previous = tables_of(current) if current is not None else None
    async with closing(context.updates.snapshots()) as updates:
        async for snapshot in updates:
            tables = tables_of(snapshot)
            if previous is not None and previous.header.slot < tables.header.slot:
                yield previous, tables
            previous = tables


async def snapshots(info: Info) -> AsyncGenerator[Header, None]:
    async with closing(info.context.updates.snapshots()) as updates:
        async for snapshot in updates:
            yield InSnapshot(snapshot.header, tables_of(snapshot))


async def pnode_changes(
    info: Info,
    *,
    where: Annotated[
        PNodeWhere | None, argument("Nodes that match before or after the change; all by default.")
    ] = None,
) -> AsyncGenerator[ChangeView, None]:
    test = compile_filter(where, PNODE_COLUMNS).test
    async with closing(snapshot_pairs(info.context)) as pairs:
        async for previous, tables in pairs:
            for change in node_changes(previous, tables):
                if test is None or any(test(node) for node in (change.before, change.after) if node is not None):
                    yield ChangeView(change, previous, tables)


async def alert_stream(
    info: Info,
    *,
    where: Annotated[AlertWhere | None, argument("A filter of alerts; all by default.")] = None,
) -> AsyncGenerator[ChangedAlert, None]:
    test = compile_filter(where, ALERT_COLUMNS).test
    async with closing(snapshot_pairs(info.context)) as pairs:
        async for previous, tables in pairs:
            for change in alerts_changed(previous, tables):
                if test is None or test(change.alert):
                    yield ChangedAlert(change, tables)


def alerts_changed(previous: Tables, tables: Tables) -> tuple[AlertChange, ...]:
    """The alerts raised and resolved between two snapshots. Cached with the later one."""
    return tables.lists.remember(("alerts since", previous.header.slot), lambda: alert_changes(previous, tables))


def changed_node(root: strawberry.Parent[ChangeView]) -> InSnapshot[PNode] | None:
    return InSnapshot(root.change.after, root.tables) if root.change.after is not None else None


def node_before(root: strawberry.Parent[ChangeView]) -> InSnapshot[PNode] | None:
    return InSnapshot(root.change.before, root.previous) if root.change.before is not None else None


def change_snapshot(root: strawberry.Parent[ChangeView]) -> Header:
    return InSnapshot(root.tables.header, root.tables)


@published(ChangeView, "PNodeChange", "A node that differs between two snapshots.")
class PNodeChangeType:
    id: strawberry.ID = attribute("Id of the node.")
    kind: ChangeKind = attribute("What happened to it.")
    changed_fields: list[str] = attribute(
        "Fields of `PNode` that changed, of: " + ", ".join(CHANGING) + ". Empty where it was added or removed."
    )
    before = resolved(node_before, PNodeType | None, "The node in the earlier snapshot; null if it was added.")
    pnode = resolved(changed_node, PNodeType | None, "The node in the later snapshot; null if it was removed.")
    snapshot = resolved(change_snapshot, SnapshotType, "The later snapshot.")


def stream(resolver: Callable[..., Any], type_: object, description: str) -> Any:
    """A field of a subscription."""
    return resolved(resolver, AsyncGenerator[type_, None], description, is_subscription=True)


@strawberry.type(
    description="All subscriptions. A subscriber that reads too slowly skips snapshots. Events can be resumed."
)
class Subscription:
    snapshots = stream(snapshots, SnapshotType, "Each snapshot after its commit.")
    pnode_changes = stream(pnode_changes, PNodeChangeType, "Each node that differs from the previous snapshot.")
    alerts = stream(alert_stream, AlertType, "Each alert that is raised, or resolved.")
    events = stream(
        event_stream,
        EventGraphType,
        "Each event, in order. A subscription that resumes with the cursor of the last received event misses none.",
    )
