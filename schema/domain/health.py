"""The network's health, its totals, and what is wrong with it as a whole."""

from collections.abc import Iterable, Sequence

from schema.domain.advice import AdviceLevel
from schema.domain.base import Record
from schema.domain.pnode import PNode
from schema.domain.policy import POLICY_1_0, Policy
from schema.domain.snapshot import NetworkHealth, NetworkTotals, SeedReport


class NetworkAlert(Record):
    """Something wrong with the network: `level` HIGH or MEDIUM, `type` one of low_node_count, version_fragmentation,
    low_health_score; `value` is what was found, `threshold` the bound that it crossed."""

    level: AdviceLevel
    type: str
    message: str
    value: float
    threshold: float
    recommendation: str


def network_health(nodes: Iterable[PNode], policy: Policy = POLICY_1_0) -> NetworkHealth:
    """Health 0..100 = 30·online/all + 25·largest version share + 25·mean composite/100 + 20·min(mean witnesses/3, 1).

    All but availability are over online nodes; a version that is not known is no version. States: healthy ≥ 80,
    fair ≥ 60, degraded ≥ 40, else critical, on the rounded score. No nodes: score 0, UNKNOWN, no factors.
    """
    raise NotImplementedError


def network_totals(nodes: Iterable[PNode], seeds: Sequence[SeedReport]) -> NetworkTotals:
    """The network in figures. Sizes, averages, versions and visibility are over online nodes.

    An average is over the nodes (or seeds) that know the value, None where none does. `private` is every online node
    that is not known to be public. Versions: most common first, ties by version, newest first. Sums stop at 2^63 − 1.
    """
    raise NotImplementedError


def network_alerts(
    totals: NetworkTotals, health: NetworkHealth, policy: Policy = POLICY_1_0
) -> tuple[NetworkAlert, ...]:
    """What is wrong with the network, in a fixed order: too few online nodes (HIGH under 30, MEDIUM under 50), more
    than 3 versions online (MEDIUM), a health score under 60 (HIGH)."""
    raise NotImplementedError
