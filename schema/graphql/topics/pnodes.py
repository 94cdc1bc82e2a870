"""The storage node: every field of its record, and the queries about it."""

from typing import TYPE_CHECKING, Annotated, Optional, TypeVar

import strawberry

from schema.domain.errors import BadUserInput
from schema.domain.history.availability import availability_of, window_range
from schema.domain.history.points import Availability, History
from schema.domain.network.advice import Advice
from schema.domain.network.operators import Operator
from schema.domain.node.pnode import (
    AddressChange,
    AddressSighting,
    Consistency,
    PNode,
    VersionChange,
)
from schema.domain.scoring.alert import Alert
from schema.domain.scoring.consistency import consistency_advice, status_of
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot, in_snapshot
from schema.graphql.topics.history import AvailabilityType, NodeHistoryType
from schema.graphql.topics.node_scores import SCORE_WEIGHT, Node, node_score, node_tier
from schema.graphql.topics.reading import availability_reading, history_reading, points_expected
from schema.graphql.types.advice import AdviceType
from schema.graphql.types.enums import ConsistencyStatus, LivenessBasis, PNodeStatus, Resolution, Severity, Tier, Window
from schema.graphql.types.fields import (
    Arguments,
    Weight,
    argument,
    attribute,
    fixed,
    number_argument,
    published,
    resolved,
)
from schema.graphql.types.prices import READ_COST
from schema.graphql.types.probes import ProbeType
from schema.graphql.types.provenance import ProvenanceType
from schema.graphql.types.scalars import BigInt, DateTime
from schema.graphql.types.scores import ScoreType

if TYPE_CHECKING:
    from schema.graphql.topics.alerts import AlertType
    from schema.graphql.topics.operators import OperatorType

Past = TypeVar("Past", AddressChange, VersionChange)

NodeConsistency = InSnapshot[Consistency]

MAX_PREVIOUS = 100
DEFAULT_PREVIOUS = 20

From = Annotated[DateTime, strawberry.argument(name="from", description="Start of the range, inclusive.")]
To = Annotated[
    DateTime | None,
    argument("End of the range, exclusive; by default the end of the snapshot's slot."),
]
At = Annotated[
    Resolution | None,
    argument("The resolution of the points. AUTO is the finest one that exists with at most 1,000 points."),
]
IncludeCurrent = Annotated[bool | None, argument("Whether to include the open bucket, which is marked `partial`.")]
PreviousFirst = Annotated[int | None, argument("How many to return, 0 to 100.")]


def _is_beyond(arguments: Arguments) -> bool:
    first = arguments.get("first")
    return isinstance(first, int) and not 0 <= first <= MAX_PREVIOUS


PREVIOUS = Weight(items=number_argument("first", DEFAULT_PREVIOUS, MAX_PREVIOUS), invalid=_is_beyond)


def node_consistency(root: strawberry.Parent[Node]) -> InSnapshot[Consistency] | None:
    consistency = root.record.consistency
    return InSnapshot(consistency, root.tables) if consistency is not None else None


def consistency_status(root: strawberry.Parent[NodeConsistency]) -> ConsistencyStatus:
    return status_of(root.record.score)


def advice_on_consistency(root: strawberry.Parent[NodeConsistency]) -> tuple[Advice, ...]:
    return consistency_advice(root.record, root.tables.header.taken_at, root.tables.facts.policy)


def node_alerts(
    root: strawberry.Parent[Node],
    severity: Annotated[Severity | None, argument("Only alerts of this severity.")] = None,
) -> list[InSnapshot[Alert]]:
    alerts = root.tables.alerts_by_node.get(root.record.id, ())
    return in_snapshot((alert for alert in alerts if severity in {None, alert.severity}), root.tables)


def node_operator(root: strawberry.Parent[Node]) -> InSnapshot[Operator] | None:
    operator = root.tables.facts.operator_of.get(root.record.id)
    return InSnapshot(operator, root.tables) if operator is not None else None


def previous_addresses(
    root: strawberry.Parent[Node], first: PreviousFirst = DEFAULT_PREVIOUS
) -> tuple[AddressChange, ...]:
    return _latest(root.record.previous_addresses, first)


def previous_versions(
    root: strawberry.Parent[Node], first: PreviousFirst = DEFAULT_PREVIOUS
) -> tuple[VersionChange, ...]:
    return _latest(root.record.previous_versions, first)


def _latest(changes: tuple[Past, ...], first: int | None) -> tuple[Past, ...]:
    count = DEFAULT_PREVIOUS if first is None else first
    if not 0 <= count <= MAX_PREVIOUS:
        raise BadUserInput(f"first is {count}, expected 0 to {MAX_PREVIOUS}", {"limit": MAX_PREVIOUS})
    return tuple(sorted(changes, key=lambda change: -change.until))[:count]


async def node_history(
    root: strawberry.Parent[Node],
    info: Info,
    *,
    from_: From,
    to: To = None,
    resolution: At = Resolution.AUTO,
    include_current: IncludeCurrent = False,
) -> History:
    end = root.tables.header.slot + root.tables.header.interval if to is None else to
    return await info.context.reads.node_history(
        _ids(root.record), from_, end, resolution or Resolution.AUTO, include_current=bool(include_current)
    )


async def node_availability(
    root: strawberry.Parent[Node],
    info: Info,
    window: Annotated[Window, argument("The span of time, which ends with the snapshot.")],
) -> Availability | None:
    start, end = window_range(window, root.tables.header.slot + root.tables.header.interval)
    history = await info.context.reads.node_history(
        _ids(root.record), start, end, Resolution.AUTO, include_current=True
    )
    return availability_of(history)


def _ids(node: PNode) -> tuple[str, ...]:
    """All ids under which the node's history is kept."""
    return (node.id, *node.former_ids)


@published(Consistency, "Consistency", "How steadily a node stays in gossip, judged by the seeds that answered.")
class ConsistencyType:
    score: float | None = attribute("Appearances divided by appearances plus drops over the window, 0 to 1.")
    status = resolved(consistency_status, ConsistencyStatus, "The rating of the score.")
    all_time: float | None = attribute("Consistency since the node was first seen, 0 to 1.")
    appearances: int | None = attribute("How often it appeared in gossip, since it was first seen.")
    disappearances: int | None = attribute("How often it dropped out of gossip, since it was first seen.")
    window_days: int = attribute("The window of `score`, in days.")
    last_appearance: DateTime | None = attribute(
        "When it last appeared in gossip; null if it has not appeared since observation began."
    )
    last_drop: DateTime | None = attribute("When it last dropped out; null if it never did.")
    advice = resolved(
        advice_on_consistency, list[AdviceType], "Advice for the operator of the node.", weight=Weight(items=fixed(2))
    )


@published(AddressSighting, "AddressSighting", "One address under which a node is listed now.")
class AddressSightingType:
    address: str = attribute("The address, as `HOST:PORT`.")
    status: PNodeStatus = attribute("Whether this address is live.")
    last_seen: DateTime | None = attribute("When the network last heard of it, according to gossip.")
    uptime: BigInt | None = attribute("Uptime reported for it, in seconds.")
    witness_count: int = attribute("Number of seeds that list it.")
    supported: bool = attribute("Whether enough seeds list the node at this address.")


@published(AddressChange, "AddressChange", "An address that a node had before.")
class AddressChangeType:
    address: str = attribute("The address, as `HOST:PORT`.")
    until: DateTime = attribute("The last time that it was the node's address.")


@published(VersionChange, "VersionChange", "A version that a node ran before.")
class VersionChangeType:
    version: str = attribute("The version, as reported.")
    until: DateTime = attribute("The last time that the node was seen running it.")


@published(
    PNode,
    "PNode",
    "A storage node in one snapshot. Seeds report its measurements; a measurement is null if no answering seed knows "
    "it.",
)
class PNodeType:
    id: strawberry.ID = attribute("Its public key, or `addr:HOST:PORT` if no valid key is known.")
    address: str | None = attribute(
        "The most recently seen live gossip address, `HOST:PORT`; not the RPC endpoint. Null if no seed lists a usable one.",
        empty_is_null=True,
    )
    address_assumed: bool = attribute(
        "Whether the port is assumed. This is so for a seed that answers and is in no list."
    )
    pubkey: str | None = attribute("Public key in base58 (32 bytes); null if no valid key is reported.")
    status: PNodeStatus = attribute("Whether it is alive. Only ONLINE counts as online.")
    liveness_basis: LivenessBasis = attribute("The evidence for the status.")
    is_online: bool = attribute("Whether the status is ONLINE.")
    listed: bool = attribute("Whether a seed that answered lists it in this slot.")
    is_public: bool | None = attribute("Whether its RPC is publicly reachable, as the node itself reports.")
    rpc_port: int | None = attribute("Port of its RPC.")
    version: str | None = attribute("Version of its software, as reported.")
    versions_behind: int | None = attribute(
        "Number of minor releases behind the network's latest; null if not comparable."
    )
    first_seen: DateTime = attribute(
        "When it was first seen: the last contact that was reported when it was first listed."
    )
    last_seen: DateTime | None = attribute(
        "The last gossip about it. This is not a proof of life, because peers also renew it for dead nodes."
    )
    alive_at: DateTime | None = attribute("Time of the last proof of life: its uptime advanced, or it answered.")
    uptime: BigInt | None = attribute("Seconds since its last start, as reported.")
    storage_committed: BigInt | None = attribute("Committed storage, in bytes.")
    storage_used: BigInt | None = attribute("Used storage, in bytes.")
    storage_usage_percent: float | None = attribute("Used storage as a share of committed storage, 0 to 100 percent.")
    storage_growth: float | None = attribute(
        "Growth of used storage over 7 days, or since it is first known, -1 to 1; null if there is less than a day of "
        "data."
    )
    witnesses: list[str] = attribute("Seeds that listed it in this slot, by name, sorted.")
    witness_count: int = attribute("Number of seeds that listed it in this slot.")
    source_ips: list[str] = attribute("All seeds that ever listed it.")
    sightings: list[AddressSightingType] = attribute(
        "Addresses under which it is listed now: its own, and others with the same key.", weight=Weight(items=fixed(2))
    )
    key_conflict: bool = attribute("Whether its key is live at two addresses at once.")
    is_seed: bool = attribute("Whether the collector polls it for its list.")
    supported: bool = attribute("Whether enough seeds list it for it to count in figures about the network.")
    state_changes: int | None = attribute("Number of changes between present and absent over the recent window.")
    provenance: ProvenanceType = attribute(
        "The source of the measurements, the seeds that disagree, and what is missing."
    )
    probe: ProbeType | None = attribute("The last direct probe of the node; null if there was none.")
    tier = resolved(node_tier, Tier, "Tier of its score by the newest policy; OFFLINE or UNKNOWN if it has no score.")
    score = resolved(
        node_score,
        ScoreType | None,
        "How far it can be trusted with stake; null unless it is online and has a score by this policy.",
        weight=SCORE_WEIGHT,
    )
    consistency = resolved(node_consistency, ConsistencyType | None, "How steadily it stays in gossip.")
    availability = resolved(
        node_availability,
        AvailabilityType | None,
        "How often it was observed online over a window; null if there are too few samples.",
        weight=Weight(base=READ_COST, reading=availability_reading, reads=True),
    )
    alerts = resolved(
        node_alerts,
        list[Annotated["AlertType", strawberry.lazy("schema.graphql.topics.alerts")]],
        "Its alerts, the most urgent first.",
        weight=Weight(items=fixed(3)),
    )
    operator = resolved(
        node_operator,
        Optional[Annotated["OperatorType", strawberry.lazy("schema.graphql.topics.operators")]],  # noqa: UP045  (Annotated has no |)
        "Its operator as far as gossip shows it: all addresses with its key.",
    )
    previous_addresses = resolved(
        previous_addresses,
        list[AddressChangeType],
        "Addresses that it had before, the latest first.",
        weight=PREVIOUS,
    )
    previous_versions = resolved(
        previous_versions,
        list[VersionChangeType],
        "Versions that it ran before, the latest first.",
        weight=PREVIOUS,
    )
    history = resolved(
        node_history,
        NodeHistoryType,
        "Its measurements and scores over time. In a list of nodes, the page must not exceed 20.",
        weight=Weight(base=READ_COST, page=points_expected, reading=history_reading, reads=True),
    )
