"""The domain's enums in GraphQL, with a description of each value, and the enums that only queries use."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar, cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from schema.domain.cycle.events import EventType
from schema.domain.history.availability import Window
from schema.domain.history.points import Resolution
from schema.domain.history.trends import Trend
from schema.domain.network.advice import AdviceLevel
from schema.domain.network.analytics import Grade
from schema.domain.network.enrichment import EnrichmentSourceName
from schema.domain.network.topology import TopologyKind
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import LivenessBasis, MissingReason, PNodeStatus
from schema.domain.policy import Tier
from schema.domain.scoring.alert import AlertType, Severity
from schema.domain.scoring.compare import ComparedBy
from schema.domain.scoring.consistency import ConsistencyHealth, ConsistencyStatus
from schema.domain.scoring.parts import ScorePartName
from schema.domain.scoring.recommend import CriterionName
from schema.domain.snapshot.record import NetworkStatus

E = TypeVar("E", bound=StrEnum)


class OrderDirection(StrEnum):
    """A sort direction."""

    ASC = "ASC"
    DESC = "DESC"


def describe(enum: type[E], description: str, values: Mapping[E, str]) -> None:
    """Register `enum` in GraphQL under its own name. Every value needs a description, or the import fails."""
    strawberry.enum(enum, description=description)
    definition = cast("StrawberryEnumDefinition", enum.__strawberry_definition__)  # type: ignore[attr-defined]  (set by strawberry.enum)
    for value in definition.values:
        value.description = values[enum(value.value)]


describe(
    PNodeStatus,
    "Whether a node is alive.",
    {
        PNodeStatus.ONLINE: "It was proven alive within the grace period: its uptime advanced.",
        PNodeStatus.GHOST: "Seeds still list it, but its uptime does not advance.",
        PNodeStatus.OFFLINE: "No answering seed lists it.",
        PNodeStatus.UNKNOWN: "It is listed, without evidence that it is alive or dead.",
    },
)
describe(
    LivenessBasis,
    "The evidence for the status of a node.",
    {
        LivenessBasis.UPTIME: "Its uptime advanced, or did not, between two answers of the same seed.",
        LivenessBasis.FIRST_SIGHT: "It was seen for the first time, with a fresh gossip age.",
        LivenessBasis.GOSSIP_AGE: "No seed reports an uptime, so only the gossip age counts.",
        LivenessBasis.DIRECT: "It answered a direct request of the collector.",
        LivenessBasis.ABSENCE: "No seed that answered lists it.",
        LivenessBasis.NONE: "There is no evidence yet.",
    },
)
describe(
    Tier,
    "The risk class of a node, from its rounded composite score.",
    {
        Tier.LOW_RISK: "Composite score of 80 points or more.",
        Tier.MEDIUM_RISK: "Composite score from 60 up to 80 points.",
        Tier.HIGH_RISK: "Composite score under 60 points.",
        Tier.OFFLINE: "It is not online, so it has no score.",
        Tier.UNKNOWN: "There is no evidence that it is alive, so it has no score.",
    },
)
describe(
    ScorePartName,
    "A part of a score. Policy 2.0 has the first five.",
    {
        ScorePartName.AVAILABILITY: "Observed availability over 24 hours, 7 days and 30 days.",
        ScorePartName.STABILITY: "Days between restarts, changes of host and drops from gossip.",
        ScorePartName.VERSION: "Share of its network that runs a newer release; by policy 1.0 its release.",
        ScorePartName.STORAGE: "Percentile of its committed storage; by policy 1.0 the committed storage itself.",
        ScorePartName.AGREEMENT: "Share of seeds that list it among those that could, and how far they agree on it.",
        ScorePartName.UPTIME: "Days since the last start. Policy 1.0.",
        ScorePartName.PRESENCE: "Number of seeds that list it. Policy 1.0.",
        ScorePartName.CONSISTENCY: "How steadily it stays in gossip. Policy 1.0.",
        ScorePartName.BALANCE: "Storage usage. Policy 1.0.",
        ScorePartName.GROWTH: "Growth of used storage. Policy 1.0.",
    },
)
describe(
    NetworkStatus,
    "The state of the network, from its health score.",
    {
        NetworkStatus.HEALTHY: "Health of 80 points or more.",
        NetworkStatus.FAIR: "Health from 60 up to 80 points.",
        NetworkStatus.DEGRADED: "Health from 40 up to 60 points.",
        NetworkStatus.CRITICAL: "Health under 40 points.",
        NetworkStatus.UNKNOWN: "No nodes are known.",
    },
)
describe(
    Severity,
    "The severity of an alert.",
    {
        Severity.CRITICAL: "The node is failing or gone. Act now.",
        Severity.WARNING: "A problem is developing. Act soon.",
        Severity.INFO: "For information.",
    },
)
describe(
    AlertType,
    "The problem that an alert reports.",
    {
        AlertType.OFFLINE: "The node has given no proof of life for some time; the value is in seconds.",
        AlertType.LOW_UPTIME: "It was started recently: its uptime is less than an hour or a day.",
        AlertType.STORAGE_CRITICAL: "Nearly full: more than 95 percent of its storage used.",
        AlertType.STORAGE_WARNING: "Filling up: more than 85 percent of its storage used.",
        AlertType.VERSION_OUTDATED: "Two or more minor releases behind the latest.",
        AlertType.VERSION_BEHIND: "One minor release behind the latest.",
        AlertType.ISOLATED: "One seed or none lists it, although at least three answered.",
        AlertType.WEAK_CONNECTIVITY: "Only two seeds list it, although at least three answered.",
        AlertType.UNDERUTILIZED: "Less than 5 percent of its storage used.",
        AlertType.GOSSIP_FLAPPING: "It repeatedly leaves gossip and returns: more than three presence changes recently.",
        AlertType.KEY_CONFLICT: "Two processes with its key are live at once.",
        AlertType.FALLING_AVAILABILITY: "It was online much less in the last 24 hours than in the last 7 days.",
        AlertType.RESTART_STORM: "It restarted, changed its host or dropped out of gossip repeatedly within 24 hours.",
        AlertType.VERSION_LAG: "Most of its network runs a newer release.",
        AlertType.TIER_AT_RISK: "Its score is falling and will soon leave its tier.",
    },
)
describe(
    MissingReason,
    "Why a measurement is null.",
    {
        MissingReason.NOT_REPORTED: "No seed that answered reported it for this node.",
        MissingReason.INVALID: "It was reported with an impossible value.",
        MissingReason.NOT_IN_PROTOCOL: "The answering seeds use a version of the protocol that does not have it.",
        MissingReason.NOT_LISTED: "No seed that answered lists the node.",
    },
)
describe(
    CriterionName,
    "A criterion for recommendations.",
    {
        CriterionName.ONLINE: "Whether the node is online; always required.",
        CriterionName.UPTIME: "Days since its last start; always required.",
        CriterionName.SCORE: "Composite score in points; required if a minimum score is given.",
        CriterionName.PUBLIC: "Whether its RPC is publicly reachable; required if requested.",
        CriterionName.VERSION: "Whether it runs the latest release; informational.",
        CriterionName.CONSISTENCY: "Share of presence in gossip, 0 to 1; informational.",
        CriterionName.WITNESSES: "Number of seeds that list it; informational.",
        CriterionName.SUPPORTED: "Whether enough seeds list it for it to count; always required.",
        CriterionName.ONE_PROCESS: "Whether only one process runs with its key; always required.",
        CriterionName.AVAILABILITY: "Observed availability over 30 days.",
        CriterionName.DIVERSITY: "Its place in its neighbourhood (/24 or /48). One response recommends only a few nodes of a "
        "neighbourhood.",
    },
)
describe(
    ConsistencyStatus,
    "How steadily a node stays in gossip.",
    {
        ConsistencyStatus.STABLE: "Consistency of 0.9 or more.",
        ConsistencyStatus.UNSTABLE: "Consistency from 0.8 up to 0.9.",
        ConsistencyStatus.FLAPPING: "Consistency under 0.8.",
    },
)
describe(
    ConsistencyHealth,
    "The rating of the network's mean consistency.",
    {
        ConsistencyHealth.EXCELLENT: "Mean of 0.9 or more.",
        ConsistencyHealth.GOOD: "Mean from 0.8 up to 0.9.",
        ConsistencyHealth.FAIR: "Mean from 0.7 up to 0.8.",
        ConsistencyHealth.POOR: "Mean under 0.7.",
        ConsistencyHealth.UNKNOWN: "No node has a consistency yet.",
    },
)
describe(
    Grade,
    "The grade of a distribution.",
    {Grade.GOOD: "No action is needed.", Grade.FAIR: "It should be watched.", Grade.POOR: "Action is needed."},
)
describe(
    AdviceLevel,
    "The priority of advice.",
    {
        AdviceLevel.HIGH: "Act now.",
        AdviceLevel.MEDIUM: "Act soon.",
        AdviceLevel.WARNING: "Keep an eye on it.",
        AdviceLevel.LOW: "Act when convenient.",
        AdviceLevel.INFO: "Nothing to do.",
    },
)
describe(
    ComparedBy,
    "A category of comparison.",
    {
        ComparedBy.OVERALL: "Composite score, in points.",
        ComparedBy.TRUST: "Trust by policy 1.0, in points.",
        ComparedBy.CAPACITY: "Capacity by policy 1.0, in points.",
        ComparedBy.UPTIME: "Uptime, in seconds.",
        ComparedBy.STORAGE: "Committed storage, in bytes.",
        ComparedBy.CONNECTIVITY: "Number of seeds that list the node.",
        ComparedBy.AVAILABILITY: "Points for observed availability; policy 2.0 only.",
        ComparedBy.STABILITY: "Points for days between disturbances; policy 2.0 only.",
    },
)
describe(
    EventType,
    "A change of a node or a seed between two snapshots.",
    {
        EventType.JOINED: "A node appeared that was not listed before.",
        EventType.LEFT: "A node is no longer listed by any seed that answered.",
        EventType.RESTARTED: "It restarted: its uptime decreased.",
        EventType.VERSION_CHANGED: "Its version changed.",
        EventType.ADDRESS_CHANGED: "Its address changed.",
        EventType.COMMITTED_CHANGED: "Its committed storage changed.",
        EventType.TIER_CHANGED: "Its tier changed.",
        EventType.STATUS_CHANGED: "Its status changed.",
        EventType.KEY_CONFLICT: "Its key is live at two addresses at once.",
        EventType.SEED_UP: "A seed answers again.",
        EventType.SEED_DOWN: "A seed no longer answers.",
    },
)
describe(
    Trend,
    "The sign of a change.",
    {Trend.UP: "It grew.", Trend.DOWN: "It shrank.", Trend.LEVEL: "It stayed the same."},
)
describe(
    Resolution,
    "A resolution of histories.",
    {
        Resolution.AUTO: "The finest resolution that exists with at most 1,000 points.",
        Resolution.RAW: "One point for each polling interval.",
        Resolution.M5: "Buckets of five minutes.",
        Resolution.H1: "Buckets of one hour.",
        Resolution.D1: "Buckets of one UTC day.",
    },
)
describe(
    FailureCategory,
    "Why a call to a seed failed.",
    {
        FailureCategory.REFUSED: "The connection was refused.",
        FailureCategory.TIMEOUT: "It did not respond before the deadline.",
        FailureCategory.UNREACHABLE: "There is no route to it, or its name did not resolve.",
        FailureCategory.HTTP_STATUS: "It answered with an HTTP error.",
        FailureCategory.NOT_JSON: "Its answer is not JSON.",
        FailureCategory.RPC_ERROR: "It answered with a JSON-RPC error.",
        FailureCategory.TOO_LARGE: "Its answer exceeds the size limit.",
        FailureCategory.FORBIDDEN_ADDRESS: "Connections to its address are not allowed.",
        FailureCategory.BAD_SHAPE: "Its response is JSON, but not of the expected shape.",
    },
)
describe(
    EnrichmentSourceName,
    "A source besides gossip.",
    {
        EnrichmentSourceName.CREDITS: "Credits of pods, as published for the network.",
        EnrichmentSourceName.REGISTRY: "Registrations of pods on chain.",
    },
)
describe(
    TopologyKind,
    "The kind of a point of the graph.",
    {TopologyKind.SEED: "A seed that the collector polls.", TopologyKind.PNODE: "A node that seeds list."},
)
describe(
    OrderDirection,
    "A sort direction. Unknown values come last in both directions.",
    {
        OrderDirection.ASC: "Ascending: smallest, earliest, or alphabetically first values come first.",
        OrderDirection.DESC: "Descending: largest, latest, or alphabetically last values come first.",
    },
)
describe(
    Window,
    "A span of time that ends with the snapshot.",
    {Window.H24: "24 hours.", Window.D7: "7 days.", Window.D30: "30 days."},
)
