"""Advice for the whole network, derived from its distributions: what was found, and what to do about it."""

from enum import StrEnum

from schema.domain.base import Record
from schema.domain.policy import POLICY_1_0, Policy
from schema.domain.words import agreeing, counted


class AdviceLevel(StrEnum):
    """How important an advice is, from most to least."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    WARNING = "WARNING"
    LOW = "LOW"
    INFO = "INFO"


class Advice(Record):
    """One finding. `category` is machine-readable; `recommendation` is the goal, `action` the next step."""

    category: str
    level: AdviceLevel
    message: str
    recommendation: str
    action: str


def network_advice(
    *,
    compliance_percent: float,
    empty: int,
    critical: int,
    isolated: int,
    total: int,
    policy: Policy = POLICY_1_0,
) -> tuple[Advice, ...]:
    """Advice on the whole network, in this order, each with its category and level.

    version: HIGH below 50 % compliance, MEDIUM below 70 %. storage: HIGH if more than 10 % of `total` are critical, LOW
    if more than 30 % are empty. connectivity: HIGH if more than 10 % are isolated. general: INFO, if there is no other.
    """
    rules = policy.analytics
    advice: list[Advice] = []
    if compliance_percent < rules.compliance_good:
        urgent = compliance_percent < rules.compliance_fair
        advice.append(
            Advice(
                category="version",
                level=AdviceLevel.HIGH if urgent else AdviceLevel.MEDIUM,
                message=f"{compliance_percent:.1f} % of online nodes run the latest release",
                recommendation=f"At least {rules.compliance_good:g} % should.",
                action="Ask operators of older nodes to upgrade.",
            )
        )
    if 100 * critical > rules.critical_share * total:
        advice.append(
            Advice(
                category="storage",
                level=AdviceLevel.HIGH,
                message=f"{critical} of {counted(total, 'node')} {agreeing(critical, 'has', 'have')} used {rules.storage_critical:g} % of their storage or more",
                recommendation=f"At most {rules.critical_share:g} % of nodes should be this full.",
                action="Ask their operators to commit more storage.",
            )
        )
    if 100 * empty > rules.empty_share * total:
        advice.append(
            Advice(
                category="storage",
                level=AdviceLevel.LOW,
                message=f"{empty} of {counted(total, 'node')} {agreeing(empty, 'has', 'have')} used less than {rules.storage_low:g} % of their storage",
                recommendation=f"At most {rules.empty_share:g} % of nodes should be this empty.",
                action="There is space for more data; no additional storage is needed now.",
            )
        )
    if 100 * isolated > rules.isolated_share * total:
        advice.append(
            Advice(
                category="connectivity",
                level=AdviceLevel.HIGH,
                message=f"{isolated} of {counted(total, 'node')} {agreeing(isolated, 'is', 'are')} listed by one seed or none",
                recommendation=f"At most {rules.isolated_share:g} % of nodes should be this isolated.",
                action="Ask their operators to open the gossip port (UDP) and to check their firewall.",
            )
        )
    if not advice:
        advice.append(
            Advice(
                category="general",
                level=AdviceLevel.INFO,
                message="versions, storage and connectivity are within their bounds",
                recommendation="Keep it so.",
                action="Nothing to do.",
            )
        )
    return tuple(advice)
