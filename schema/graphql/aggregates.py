"""Sums, averages and percentiles over the nodes that match a filter, and their groups."""

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from math import floor, isfinite
from typing import Annotated, NamedTuple

import strawberry

from schema.domain.errors import BadUserInput
from schema.domain.observation import host_of
from schema.domain.pnode import PNode
from schema.graphql.enums import describe
from schema.graphql.fields import Weight, argument, attribute, number_argument, published, resolved
from schema.graphql.scalars import BigInt

MAX_GROUPS = 500
DEFAULT_GROUPS = 100
# Percentiles sort all nodes, and groups sort them out: what either costs besides its leaves.
AGGREGATE_COST = 300

Top = Annotated[
    int | None, argument("How many groups to keep apart, 1 to 500; the nodes of all others make one more group.")
]


class GroupKey(StrEnum):
    """What nodes can be grouped by."""

    STATUS = "STATUS"
    TIER = "TIER"
    VERSION = "VERSION"
    IS_PUBLIC = "IS_PUBLIC"
    WITNESS_COUNT = "WITNESS_COUNT"
    LIVENESS_BASIS = "LIVENESS_BASIS"
    SUBNET = "SUBNET"


describe(
    GroupKey,
    "What nodes can be grouped by.",
    {
        GroupKey.STATUS: "Status.",
        GroupKey.TIER: "Tier.",
        GroupKey.VERSION: "Version, as reported.",
        GroupKey.IS_PUBLIC: "Whether its RPC can be reached by the public: `true` or `false`.",
        GroupKey.WITNESS_COUNT: "Number of seeds that list it.",
        GroupKey.LIVENESS_BASIS: "What its status rests on.",
        GroupKey.SUBNET: "The /24 (IPv4) or /48 (IPv6) network of its address.",
    },
)


class Numbers:
    """Figures of a list of numbers, each computed when it is asked for; None of an empty list, but for the count."""

    def __init__(self, values: Iterable[float | None]) -> None:
        self._values = [value for value in values if value is not None and isfinite(value)]

    @cached_property
    def _ordered(self) -> list[float]:
        return sorted(self._values)

    @property
    def count(self) -> int:
        return len(self._values)

    @property
    def sum(self) -> float | None:
        return sum(self._values) if self._values else None

    @property
    def avg(self) -> float | None:
        return sum(self._values) / len(self._values) if self._values else None

    @property
    def min(self) -> float | None:
        return min(self._values, default=None)

    @property
    def max(self) -> float | None:
        return max(self._values, default=None)

    @property
    def p50(self) -> float | None:
        return percentile(self._ordered, 50)

    @property
    def p95(self) -> float | None:
        return percentile(self._ordered, 95)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The value under which `percent` of the ordered values lie, linear between the two nearest; None of none."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * percent / 100
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Aggregate:
    """Figures over some nodes."""

    def __init__(self, nodes: Sequence[PNode]) -> None:
        self.nodes = nodes

    @property
    def count(self) -> int:
        return len(self.nodes)

    @cached_property
    def uptime(self) -> Numbers:
        return Numbers(node.uptime for node in self.nodes)

    @cached_property
    def score(self) -> Numbers:
        return Numbers(node.score.composite if node.score is not None else None for node in self.nodes)

    @cached_property
    def storage_committed(self) -> Numbers:
        return Numbers(node.storage_committed for node in self.nodes)

    @cached_property
    def storage_used(self) -> Numbers:
        return Numbers(node.storage_used for node in self.nodes)

    @cached_property
    def storage_usage_percent(self) -> Numbers:
        return Numbers(node.storage_usage_percent for node in self.nodes)

    @cached_property
    def witness_count(self) -> Numbers:
        return Numbers(node.witness_count for node in self.nodes)


class Group(NamedTuple):
    """Nodes that share a value. `key` is None for those whose value is not known, and for the rest (`other`)."""

    key: str | None
    share: float
    aggregate: Aggregate
    other: bool = False

    @property
    def size(self) -> int:
        return self.aggregate.count


@lru_cache(maxsize=16_384)
def subnet_of(address: str) -> str | None:
    """The /24 or /48 network of `HOST:PORT`; None where the host is no IP address."""
    try:
        host = ipaddress.ip_address(host_of(address))
    except ValueError:
        return None
    bits = 24 if isinstance(host, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((host, bits), strict=False))


def _truth(node: PNode) -> str | None:
    return None if node.is_public is None else str(node.is_public).lower()


_GROUP_KEYS: Mapping[GroupKey, Callable[[PNode], str | None]] = {
    GroupKey.STATUS: lambda node: node.status.value,
    GroupKey.TIER: lambda node: node.tier.value,
    GroupKey.VERSION: lambda node: node.version,
    GroupKey.IS_PUBLIC: _truth,
    GroupKey.WITNESS_COUNT: lambda node: str(node.witness_count),
    GroupKey.LIVENESS_BASIS: lambda node: node.liveness_basis.value,
    GroupKey.SUBNET: lambda node: subnet_of(node.address),
}


def group_by(
    root: strawberry.Parent[Aggregate],
    key: Annotated[GroupKey, argument("What the nodes of a group share.")],
    top: Top = DEFAULT_GROUPS,
) -> list[Group]:
    """The groups, the largest first, ties by key; all beyond `top` as one group at the end."""
    kept = DEFAULT_GROUPS if top is None else top
    if not 1 <= kept <= MAX_GROUPS:
        raise BadUserInput(f"top is {kept}, expected 1 to {MAX_GROUPS}", {"limit": MAX_GROUPS})
    members: dict[str | None, list[PNode]] = {}
    for node in root.nodes:
        members.setdefault(_GROUP_KEYS[key](node), []).append(node)
    ranked = sorted(members.items(), key=lambda group: (-len(group[1]), group[0] is None, group[0] or ""))
    total = len(root.nodes) or 1
    groups = [Group(value, len(nodes) / total, Aggregate(nodes)) for value, nodes in ranked[:kept]]
    rest = [node for _, nodes in ranked[kept:] for node in nodes]
    return [*groups, Group(None, len(rest) / total, Aggregate(rest), other=True)] if rest else groups


@published(Numbers, "BigIntAggregate", "Figures of an integer over nodes, in the unit of the field.")
class BigIntAggregateType:
    count: int = attribute("Number of nodes of which it is known.")
    sum: BigInt | None = attribute("Sum; null where none is known.")
    avg: float | None = attribute("Mean; null where none is known.")
    min: BigInt | None = attribute("Least; null where none is known.")
    max: BigInt | None = attribute("Greatest; null where none is known.")
    p50: float | None = attribute("Median, linear between the two nearest; null where none is known.")
    p95: float | None = attribute("95th percentile, linear between the two nearest; null where none is known.")


@published(Numbers, "FloatAggregate", "Figures of a number over nodes, in the unit of the field.")
class FloatAggregateType:
    count: int = attribute("Number of nodes of which it is known.")
    sum: float | None = attribute("Sum; null where none is known.")
    avg: float | None = attribute("Mean; null where none is known.")
    min: float | None = attribute("Least; null where none is known.")
    max: float | None = attribute("Greatest; null where none is known.")
    p50: float | None = attribute("Median, linear between the two nearest; null where none is known.")
    p95: float | None = attribute("95th percentile, linear between the two nearest; null where none is known.")


@published(Aggregate, "PNodeFigures", "Figures over the nodes of one group.")
class PNodeFiguresType:
    count: int = attribute("Number of nodes.")
    uptime: BigIntAggregateType = attribute("Uptime, in seconds.")
    score: FloatAggregateType = attribute("Composite score, in points.")
    storage_committed: BigIntAggregateType = attribute("Committed storage, in bytes.")
    storage_used: BigIntAggregateType = attribute("Used storage, in bytes.")
    storage_usage_percent: FloatAggregateType = attribute("Used of committed storage, in percent.")
    witness_count: BigIntAggregateType = attribute("Number of seeds that list a node.")


@published(Group, "Group", "Nodes that share a value.")
class GroupType:
    key: str | None = attribute("The value that they share, as text; null where it is not known, and for the rest.")
    other: bool = attribute("Whether this is the rest: the nodes of all groups beyond `top`.")
    size: int = attribute("Number of nodes.")
    share: float | None = attribute("Share of all nodes that match, 0 to 1.")
    aggregate: PNodeFiguresType = attribute("Figures over them.")


@published(Aggregate, "PNodeAggregate", "Figures over all nodes that match, whatever the page.")
class PNodeAggregateType:
    count: int = attribute("Number of nodes.")
    uptime: BigIntAggregateType = attribute("Uptime, in seconds.")
    score: FloatAggregateType = attribute("Composite score, in points.")
    storage_committed: BigIntAggregateType = attribute("Committed storage, in bytes.")
    storage_used: BigIntAggregateType = attribute("Used storage, in bytes.")
    storage_usage_percent: FloatAggregateType = attribute("Used of committed storage, in percent.")
    witness_count: BigIntAggregateType = attribute("Number of seeds that list a node.")
    group_by = resolved(
        group_by,
        list[GroupType],
        "The nodes in groups, the largest first.",
        weight=Weight(base=AGGREGATE_COST, items=number_argument("top", DEFAULT_GROUPS, MAX_GROUPS)),
    )
