"""The data derived from a snapshot. Each fact is computed once, on first use, for GraphQL and REST."""

import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar, cast

from schema.bounded import BoundedMap
from schema.domain.base import UnixSeconds
from schema.domain.network.analytics import NetworkAnalytics, analytics
from schema.domain.network.health import NetworkAlert, network_alerts, underutilized
from schema.domain.network.operators import Concentration, Operator, concentration, operators
from schema.domain.network.topology import Topology, TopologyKind, TopologyNode, topology
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICIES, POLICY_1_0, POLICY_2_0, Policy
from schema.domain.scoring.alert import Alert, CriticalNode
from schema.domain.scoring.alerts import critical_nodes, snapshot_alerts
from schema.domain.scoring.consistency import ConsistencySummary, network_consistency
from schema.domain.scoring.watch_alerts import watch_alerts
from schema.domain.snapshot.record import Snapshot, SnapshotHeader

T = TypeVar("T")

# Sorted and filtered lists that a snapshot keeps. They are tuples of references: 8 bytes a node each.
_KEPT_LISTS = 64
# Two policies, each at the time of the snapshot and at the current time of a snapshot that is not renewed.
_KEPT_MOMENTS = 4


class Lists:
    """Derived data under keys that clients choose. Only the most recently used values are kept."""

    def __init__(self, most: int = _KEPT_LISTS) -> None:
        self._kept = BoundedMap[Hashable, tuple[object]](max_entries=most, max_size=most, largest=1, at_once=True)

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result of `compute`, computed once for a key while it is kept."""
        kept = self._kept.get(key)
        if kept is None:
            kept = (compute(),)
            self._kept.put(key, kept, 1)
        return cast("T", kept[0])

    def clear(self) -> None:
        self._kept.clear()


class Indexes:
    """Derived data under keys that clients do not choose. It is never dropped."""

    def __init__(self) -> None:
        self._made: dict[Hashable, object] = {}

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, made once for each key."""
        if key not in self._made:
            self._made[key] = make()
        return cast("T", self._made[key])


class Facts:
    """The data derived from one snapshot, at any time.

    `lists` is bounded, because clients choose its keys. `indexes` and the properties exist once for a snapshot.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.lists = Lists()
        self.indexes = Indexes()

    @property
    def policy(self) -> Policy:
        """The policy of the scores. The oldest one if this release does not know it."""
        return POLICIES.get(self.snapshot.header.policy.version, POLICY_1_0)

    @cached_property
    def analytics(self) -> NetworkAnalytics:
        return analytics(self.snapshot, self.policy)

    @cached_property
    def consistency(self) -> ConsistencySummary:
        return network_consistency(self.snapshot.nodes, self.policy)

    @cached_property
    def operators(self) -> tuple[Operator, ...]:
        """All operators, the one with most addresses first."""
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


class Tables:
    """One snapshot at the time `at`, judged by `policy`. Create it with `tables_of`.

    `facts` are shared by all times and policies. What depends on them is here, with separate `lists` and `indexes`.
    """

    def __init__(self, facts: Facts, policy: Policy, at: UnixSeconds) -> None:
        self.facts = facts
        self.at = at
        self.lists = Lists()
        self.indexes = Indexes()
        self._judge = policy

    @property
    def snapshot(self) -> Snapshot:
        return self.facts.snapshot

    @property
    def header(self) -> SnapshotHeader:
        return self.snapshot.header

    @property
    def nodes(self) -> tuple[PNode, ...]:
        """All nodes, by id."""
        return self.snapshot.nodes

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """All alerts of all nodes: by severity, then address, type and id."""
        if self._judge.estimate is not None:
            return watch_alerts(self.snapshot, at=self.at)
        return snapshot_alerts(self.snapshot, self.facts.policy, at=self.at)

    @cached_property
    def alerts_by_node(self) -> Mapping[str, tuple[Alert, ...]]:
        """The alerts of each node that has alerts, by the node's id."""
        found: dict[str, list[Alert]] = {}
        for alert in self.alerts:
            found.setdefault(alert.node_id, []).append(alert)
        return {node_id: tuple(alerts) for node_id, alerts in found.items()}

    @cached_property
    def critical_nodes(self) -> tuple[CriticalNode, ...]:
        """The nodes with critical alerts, the one with most alerts first."""
        return critical_nodes(self.alerts)

    @cached_property
    def network_alerts(self) -> tuple[NetworkAlert, ...]:
        found = network_alerts(self.header.totals, self.header.health, self.facts.policy)
        little_used = underutilized(self.nodes, self.facts.policy) if self._judge.estimate is not None else None
        return found if little_used is None else (*found, little_used)


class _Moments:
    """The tables of one snapshot, by policy and time.

    They are made from a shallow copy. If the snapshot's tables referred to the snapshot itself, it would never be
    freed.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._facts = Facts(snapshot.model_copy())
        self._kept = Lists(_KEPT_MOMENTS)

    def tables(self, policy: Policy, at: UnixSeconds) -> Tables:
        return self._kept.remember((policy.version, at), lambda: Tables(self._facts, policy, at))


class _BySnapshot:
    """The tables of each snapshot, while the snapshot exists.

    Snapshots are compared by identity, because hashing or comparing their content would take longer than most
    responses.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[Snapshot], _Moments]] = {}

    def of(self, snapshot: Snapshot) -> _Moments:
        number = id(snapshot)
        if number not in self._kept:
            gone = weakref.ref(snapshot, lambda _: self._kept.pop(number))
            self._kept[number] = gone, _Moments(snapshot)
        return self._kept[number][1]


_BY_SNAPSHOT = _BySnapshot()


def tables_of(snapshot: Snapshot, *, at: UnixSeconds | None = None, policy: Policy | None = None) -> Tables:
    """The snapshot at `at`, judged by `policy`: the same object for equal arguments while it is kept.

    By default the time is that of the snapshot, and the policy is the newest that it was scored with.
    """
    header = snapshot.header
    if policy is None:
        policy = POLICY_1_0 if header.policy.estimate_version is None else POLICY_2_0
    return _BY_SNAPSHOT.of(snapshot).tables(policy, header.taken_at if at is None else at)
