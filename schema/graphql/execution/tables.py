"""Everything that can be derived from one snapshot, each thing computed once, when it is first asked for."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar, cast

from schema.domain.network.analytics import NetworkAnalytics, analytics
from schema.domain.network.health import NetworkAlert, network_alerts, underutilized
from schema.domain.network.operators import (
    Concentration,
    Operator,
    concentration,
    operators,
)
from schema.domain.network.topology import Topology, TopologyKind, TopologyNode, topology
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICIES, POLICY_1_0, Policy
from schema.domain.scoring.alert import Alert
from schema.domain.scoring.alerts import snapshot_alerts
from schema.domain.scoring.consistency import ConsistencySummary, network_consistency
from schema.domain.scoring.watch_alerts import watch_alerts
from schema.domain.snapshot.record import Snapshot, SnapshotHeader

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)

_MEMO_KEY = "graphql_tables"
# Sorted and filtered lists that a snapshot keeps. They are tuples of references: 8 bytes a node each.
_KEPT_LISTS = 64


class Lists:
    """What clients choose to derive from a snapshot: the 64 things that were used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives, once for a key as long as that is kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return cast("T", self._kept[key])
        found = self._kept[key] = compute()
        if len(self._kept) > _KEPT_LISTS:
            self._kept.popitem(last=False)
        return found

    def clear(self) -> None:
        self._kept.clear()


class Indexes:
    """What is derived from a snapshot under keys that clients do not choose: it is never let go."""

    def __init__(self) -> None:
        self._made: dict[Hashable, object] = {}

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, once per key."""
        if key not in self._made:
            self._made[key] = make()
        return cast("T", self._made[key])


class Tables:
    """The derived tables of one snapshot. Get them with `tables_of`, which keeps one for each snapshot.

    `lists` holds what clients choose, and is bounded; all else is there once for a snapshot, whatever clients ask.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.lists = Lists()
        self.indexes = Indexes()

    @property
    def header(self) -> SnapshotHeader:
        return self.snapshot.header

    @property
    def nodes(self) -> tuple[PNode, ...]:
        """All nodes, by id."""
        return self.snapshot.nodes

    @property
    def policy(self) -> Policy:
        """The policy that the snapshot was scored with; the oldest one where this release no longer knows it."""
        return POLICIES.get(self.header.policy.version, POLICY_1_0)

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives, once per key, for what clients choose."""
        return self.lists.remember(key, compute)

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """All alerts of all nodes: by severity, then address, type and id."""
        if self.header.policy.estimate_version is not None:
            return watch_alerts(self.snapshot)
        return snapshot_alerts(self.snapshot, policy=self.policy)

    @cached_property
    def alerts_by_node(self) -> Mapping[str, tuple[Alert, ...]]:
        """The alerts of each node that has any, by the node's id."""
        found: dict[str, list[Alert]] = {}
        for alert in self.alerts:
            found.setdefault(alert.node_id, []).append(alert)
        return {node_id: tuple(alerts) for node_id, alerts in found.items()}

    @cached_property
    def network_alerts(self) -> tuple[NetworkAlert, ...]:
        found = network_alerts(self.header.totals, self.header.health, self.policy)
        if self.header.policy.estimate_version is None:
            return found
        little_used = underutilized(self.nodes, self.policy)
        return (*found, little_used) if little_used is not None else found

    @cached_property
    def analytics(self) -> NetworkAnalytics:
        return analytics(self.snapshot, self.policy)

    @cached_property
    def consistency(self) -> ConsistencySummary:
        return network_consistency(self.nodes, self.policy)

    @cached_property
    def operators(self) -> tuple[Operator, ...]:
        """All operators, the one with most nodes first."""
        return operators(self.snapshot)

    @cached_property
    def operator_of(self) -> Mapping[str, Operator]:
        """The operator of each node, by the node's id."""
        return {node_id: operator for operator in self.operators for node_id in operator.node_ids}

    @cached_property
    def concentration(self) -> Concentration:
        return concentration(self.operators)

    @cached_property
    def topology(self) -> Topology:
        return topology(self.snapshot)

    @cached_property
    def edges_to(self) -> Mapping[str, Sequence[int]]:
        """The numbers of the edges that lead to a node, by the node's id."""
        found: dict[str, list[int]] = {}
        for number, edge in enumerate(self.topology.edges):
            found.setdefault(edge.target, []).append(number)
        return found

    @cached_property
    def drawn_seeds(self) -> tuple[TopologyNode, ...]:
        """The seeds among the points of the graph."""
        return tuple(node for node in self.topology.nodes if node.kind is TopologyKind.SEED)


class InSnapshot(Generic[R_co]):
    """A record together with the tables of the snapshot that it is from; its attributes are the record's."""

    __slots__ = ("record", "tables")

    def __init__(self, record: R_co, tables: Tables) -> None:
        self.record = record
        self.tables = tables

    def __getattr__(self, name: str) -> object:
        return getattr(self.record, name)


def in_snapshot(records: Iterable[T], tables: Tables) -> list[InSnapshot[T]]:
    """Each of the records together with its snapshot."""
    return [InSnapshot(record, tables) for record in records]


def tables_of(snapshot: Snapshot) -> Tables:
    """The snapshot's tables, the same object for the same snapshot, which they live and die with."""
    memo = vars(snapshot)
    found = memo.get(_MEMO_KEY)
    if not isinstance(found, Tables):
        # The tables stand on a shallow copy: if the snapshot held tables that hold the snapshot, only the cycle
        # collector could free them, and a process that replaces its snapshot every minute would keep several.
        found = memo[_MEMO_KEY] = Tables(snapshot.model_copy())
    return found
