"""The position of nodes among each other, computed so that nobody changes others' positions by adding many nodes.

Nodes of one neighbourhood, a /24 of IPv4 or a /48 of IPv6, count as one node in distributions, and have few places at
the top of the ranks. A node is identified by its key, so one key is always one node.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address
from itertools import accumulate

from schema.domain.node.observation import host_of

NOWHERE = "-"
"""The group of nodes without a known usable address."""
NODE_WEIGHT = 720_720
"""The weight of a node that is alone in its neighbourhood. Group sizes up to 16 divide it without a remainder."""
_REMEMBERED_HOSTS = 131_072


@lru_cache(maxsize=_REMEMBERED_HOSTS)
def group_of(address: str) -> str:
    """The neighbourhood of `HOST:PORT`: its /24 or /48, or the host if it is not an IP address."""
    host = host_of(address) if address else ""
    if not host:
        return NOWHERE
    if ":" in host:
        try:
            return f"{int(IPv6Address(host)) >> 80:x}::/48"
        except ValueError:
            return host
    net, _, last = host.rpartition(".")
    return f"{net}.0/24" if last.isdigit() and net.count(".") == 2 else host  # noqa: PLR2004  (a.b.c.d has three dots)


def weights(groups: Sequence[str], full_size: int) -> list[int]:
    """The weight of each node in distributions, in parts of `NODE_WEIGHT`.

    A group weighs as much as one node, and less if it has more than `full_size` nodes. Weights are integers, so that
    their sums do not depend on the order of nodes.
    """
    sizes = Counter(groups)
    each = {group: NODE_WEIGHT * min(size, full_size) // (size * size) for group, size in sizes.items()}
    return [each[group] for group in groups]


def percentiles(values: Sequence[float | None], weights: Sequence[int]) -> list[float | None]:
    """The percentile of each value among all known values, 0..100. None for an unknown value.

    It is 100·(weight of lower values + half the weight of equal ones)/(total weight). It depends only on the order, so
    multiplying all values changes nothing.
    """
    totals: defaultdict[float, int] = defaultdict(int)
    for value, weight in zip(values, weights, strict=True):
        if value is not None:
            totals[value] += weight
    below, places = 0, dict[float, float]()
    for value in sorted(totals):
        places[value] = below + totals[value] / 2
        below += totals[value]
    return [None if value is None or not below else 100 * places[value] / below for value in values]


def shares_not_above(values: Sequence[float], weights: Sequence[int]) -> list[float]:
    """For each value, the share of the total weight at values that are not higher, 0..100: the best has 100."""
    ordered = sorted(zip(values, weights, strict=True))
    known = [value for value, _ in ordered]
    sums = [0, *accumulate(weight for _, weight in ordered)]
    return [100 * sums[bisect_right(known, value)] / sums[-1] for value in values]


def ranks(
    values: Sequence[float], groups: Sequence[str], seniority: Sequence[tuple[int, str]], places: int
) -> list[int]:
    """The rank of each node by its value, 1 for the highest. Equal nodes share a rank, and the next rank counts them.

    Each group has `places` places. They go to the nodes of the group known first, by day, and among these to the best.
    The other nodes come after all nodes with a place, those of groups that were small on their day first. New nodes
    therefore move nobody down by more than the places of their group, and take no places of nodes that were known
    before. `seniority` is the day on which a node was first seen, and its id.
    """
    members: defaultdict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    keys = [(0, -value) for value in values]
    for own in members.values():
        if len(own) <= places:
            continue
        own.sort(key=lambda number: (seniority[number][0], -values[number], seniority[number][1]))
        days = [seniority[number][0] for number in own]
        for number in own[places:]:
            keys[number] = (bisect_right(days, seniority[number][0]), -values[number])
    ordered = sorted(keys)
    return [bisect_left(ordered, key) + 1 for key in keys]
