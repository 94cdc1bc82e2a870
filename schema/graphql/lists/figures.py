"""Sums, averages and percentiles over the nodes that match a filter, and over groups of them."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from heapq import nsmallest
from itertools import compress, repeat
from math import floor
from typing import Any, NamedTuple, cast

from schema.domain.node.observation import host_of
from schema.domain.node.pnode import PNode
from schema.graphql.lists.paging import Matching
from schema.graphql.types.enums import describe


class GroupKey(StrEnum):
    """A field that nodes can be grouped by."""

    STATUS = "STATUS"
    TIER = "TIER"
    VERSION = "VERSION"
    IS_PUBLIC = "IS_PUBLIC"
    WITNESS_COUNT = "WITNESS_COUNT"
    LIVENESS_BASIS = "LIVENESS_BASIS"
    SUBNET = "SUBNET"


describe(
    GroupKey,
    "A field that nodes can be grouped by.",
    {
        GroupKey.STATUS: "Status.",
        GroupKey.TIER: "Tier.",
        GroupKey.VERSION: "Version, as reported.",
        GroupKey.IS_PUBLIC: "Whether its RPC is publicly reachable: `true` or `false`.",
        GroupKey.WITNESS_COUNT: "Number of seeds that list it.",
        GroupKey.LIVENESS_BASIS: "The evidence for its status.",
        GroupKey.SUBNET: "The /24 (IPv4) or /48 (IPv6) network of its address.",
    },
)


class Numbers:
    """Figures of some numbers, each computed on request. All but the count are None if there are no numbers."""

    def __init__(self, values: Sequence[float], ordered: Callable[[], Sequence[float]] | None = None) -> None:
        self._values = values
        self._sort = ordered

    @cached_property
    def _ordered(self) -> Sequence[float]:
        return sorted(self._values) if self._sort is None else self._sort()

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
    """The value below which `percent` of the ordered values are, with linear interpolation. None without values."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * percent / 100
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Aggregate:
    """Figures over some nodes: the number of nodes, and the known values of each column."""

    def __init__(self, count: int, numbers: Callable[[str], Numbers]) -> None:
        self._count = count
        self._numbers = numbers

    @property
    def count(self) -> int:
        return self._count

    @cached_property
    def uptime(self) -> Numbers:
        return self._numbers("uptime")

    @cached_property
    def score(self) -> Numbers:
        return self._numbers("score")

    @cached_property
    def storage_committed(self) -> Numbers:
        return self._numbers("storage_committed")

    @cached_property
    def storage_used(self) -> Numbers:
        return self._numbers("storage_used")

    @cached_property
    def storage_usage_percent(self) -> Numbers:
        return self._numbers("storage_usage_percent")

    @cached_property
    def witness_count(self) -> Numbers:
        return self._numbers("witness_count")


class Whole(Aggregate):
    """Figures over all nodes that match a filter, which can be grouped."""

    def __init__(self, matching: Matching[PNode]) -> None:
        super().__init__(matching.count, self._column)
        self._index = matching.index
        self._rows = matching.index.all if matching.rows is None else matching.rows
        self._flags = matching.flags

    def _column(self, name: str) -> Numbers:
        column = self._index.column(name)
        flags = self._index.flags(self._rows & column.known)

        def ordered() -> Sequence[float]:
            return list(compress(column.sorted_values, column.ranking.in_order(flags)))

        return Numbers(cast("list[float]", list(compress(column.values, flags))), ordered)

    def values(self, name: str) -> Sequence[float | None]:
        """The values of a column, one for each node."""
        return self._chosen(self._index.column(name).values)

    def keys(self, key: GroupKey) -> Sequence[str | None]:
        """The value by which each node is grouped."""
        return self._chosen(self._index.derived(key, _GROUP_KEYS[key]))

    def _chosen(self, values: Sequence[Any]) -> Sequence[Any]:
        return values if self._flags is None else tuple(compress(values, self._flags))


class Group(NamedTuple):
    """Nodes with the same value. `key` is None if the value is not known, and for the rest (`other`)."""

    key: str | None
    share: float
    aggregate: Aggregate
    other: bool = False

    @property
    def size(self) -> int:
        return self.aggregate.count


@lru_cache(maxsize=16_384)
def subnet_of(address: str) -> str | None:
    """The /24 or /48 network of `HOST:PORT`. None if the host is not an IP address."""
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
    GroupKey.TIER: lambda node: node.newest_tier.value,
    GroupKey.VERSION: lambda node: node.version,
    GroupKey.IS_PUBLIC: _truth,
    GroupKey.WITNESS_COUNT: lambda node: str(node.witness_count),
    GroupKey.LIVENESS_BASIS: lambda node: node.liveness_basis.value,
    GroupKey.SUBNET: lambda node: subnet_of(node.address),
}


def groups_of(whole: "Whole", key: GroupKey, kept: int) -> list[Group]:
    """The groups, the largest first, ties by key. Groups beyond the first `kept` form one group at the end."""
    keys = whole.keys(key)
    ranked = _largest(Counter(keys), kept)
    parts = _Parts(whole, keys, [value for value, _ in ranked])
    total = whole.count or 1
    groups = [Group(key, count / total, parts.aggregate(i, count)) for i, (key, count) in enumerate(ranked)]
    rest = whole.count - sum(count for _, count in ranked)
    return [*groups, Group(None, rest / total, parts.aggregate(kept, rest), other=True)] if rest else groups


def _largest(counts: Mapping[str | None, int], kept: int) -> list[tuple[str | None, int]]:
    """The most common values, at most `kept`, ties by value with None last. Only possible results are sorted."""
    least = sorted(counts.values(), reverse=True)[:kept][-1] if counts else 0
    larger = [group for group in counts.items() if group[1] > least]
    larger.sort(key=lambda group: (-group[1], group[0] is None, group[0] or ""))
    ties = nsmallest(
        kept - len(larger), (value for value, count in counts.items() if count == least and value is not None)
    )
    if len(larger) + len(ties) < kept and counts.get(None) == least:
        return [*larger, *((value, least) for value in ties), (None, least)]
    return [*larger, *((value, least) for value in ties)]


class _Parts:
    """The columns of some nodes, divided into groups and a rest. Each column is divided once for all groups."""

    def __init__(self, whole: Whole, keys: Sequence[str | None], named: Sequence[str | None]) -> None:
        self._whole = whole
        self._count = len(named)
        numbers = {key: number for number, key in enumerate(named)}
        self._of_nodes = list(map(numbers.get, keys, repeat(self._count)))
        self._columns: dict[str, list[list[float]]] = {}

    def aggregate(self, number: int, count: int) -> Aggregate:
        return Aggregate(count, lambda name: Numbers(self._divided(name)[number]))

    def _divided(self, name: str) -> list[list[float]]:
        found = self._columns.get(name)
        if found is None:
            found = [list[float]() for _ in range(self._count + 1)]
            for number, value in zip(self._of_nodes, self._whole.values(name), strict=True):
                if value is not None:
                    found[number].append(value)
            self._columns[name] = found
        return found
