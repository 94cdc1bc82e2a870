"""The service itself: its configuration, retention and limits, and its current snapshot."""

from collections.abc import Mapping
from typing import NamedTuple

import strawberry

from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import BUCKET_SECONDS, MAX_POINTS, AvailableRange
from schema.domain.history.ranges import POINT_LIMIT
from schema.graphql.execution import limits
from schema.graphql.execution.context import (
    CollectionRules,
    ConnectionLimits,
    Info,
    PublicRetention,
    PublicServiceInfo,
    SisterDeployment,
)
from schema.graphql.execution.cost import BUDGET, MAX_READING_PAGE
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.lists import filters, paging
from schema.graphql.topics.snapshots import Header
from schema.graphql.types.enums import Resolution
from schema.graphql.types.fields import AsOf, Weight, attribute, fixed, published, resolved
from schema.graphql.types.prices import READ_COST
from schema.graphql.types.scalars import DateTime


class Limits(NamedTuple):
    """The limits of requests."""

    body_bytes: int
    tokens: int = limits.MAX_TOKENS
    depth: int = limits.MAX_DEPTH
    fields: int = limits.MAX_FIELDS
    aliases: int = limits.MAX_ALIASES
    directives: int = limits.MAX_DIRECTIVES
    operations: int = limits.MAX_OPERATIONS
    cost: int = BUDGET
    page: int = paging.MAX_PAGE
    default_page: int = paging.DEFAULT_PAGE
    page_with_history: int = MAX_READING_PAGE
    history_points: int = POINT_LIMIT
    history_points_auto: int = MAX_POINTS
    filter_conditions: int = filters.MAX_CONDITIONS
    filter_nesting: int = filters.MAX_NESTING
    filter_list: int = filters.MAX_LIST
    cost_per_minute: int | None = None


class ResolutionInfo(NamedTuple):
    """A resolution, the length of its buckets in seconds, and how long it is kept (None: permanently)."""

    resolution: Resolution
    bucket_seconds: int
    kept_seconds: int | None


async def snapshot(info: Info, *, as_of: AsOf = None) -> Header:
    tables = await info.context.tables(as_of)
    return InSnapshot(tables.header, tables)


def service_config(info: Info) -> PublicServiceInfo:
    return info.context.service


def polling_interval(root: strawberry.Parent[PublicServiceInfo]) -> int:
    return root.interval


def stale_after(root: strawberry.Parent[PublicServiceInfo]) -> int:
    return root.stale_after


def limits_of(root: strawberry.Parent[PublicServiceInfo]) -> Limits:
    return Limits(body_bytes=root.body_limit_bytes, cost_per_minute=root.rate_limit)


def resolutions_of(root: strawberry.Parent[PublicServiceInfo]) -> list[ResolutionInfo]:
    kept: Mapping[Resolution, int | None] = {
        Resolution.RAW: root.retention.raw,
        Resolution.M5: root.retention.m5,
        Resolution.H1: root.retention.h1,
        Resolution.D1: root.retention.d1,
    }
    return [ResolutionInfo(each, BUCKET_SECONDS.get(each, root.interval), seconds) for each, seconds in kept.items()]


async def available_range(root: strawberry.Parent[PublicServiceInfo], info: Info) -> AvailableRange | None:
    try:
        return await info.context.reads.available()
    except SnapshotUnavailable:
        return None


@published(Limits, "Limits", "The limits of requests. A request that exceeds one fails; results are never truncated.")
class LimitsType:
    body_bytes: int = attribute("Size of a request's body, in bytes.")
    tokens: int = attribute("Tokens of a document.")
    depth: int = attribute("Nesting of fields; introspection is exempt.")
    fields: int = attribute("Fields of an operation. The fields of a fragment count wherever it is spread.")
    aliases: int = attribute("Aliases of an operation.")
    directives: int = attribute("Directives of an operation.")
    operations: int = attribute("Operations of a document.")
    cost: int = attribute(
        "Cost of an operation: a field costs 1, multiplied by the sizes of the lists that contain it."
    )
    page: int = attribute("Items of a page: `first`, `last`.")
    default_page: int = attribute("Items of a page if neither `first` nor `last` is given.")
    page_with_history: int = attribute("Items of a page if `history` or `availability` is selected for each.")
    history_points: int = attribute("Points of a history; RANGE_TOO_LARGE beyond.")
    history_points_auto: int = attribute("Points of a history at resolution AUTO.")
    filter_conditions: int = attribute("Conditions of a filter.")
    filter_nesting: int = attribute("Nesting of a filter.")
    filter_list: int = attribute("Elements of a list within a filter.")
    cost_per_minute: int | None = attribute("Maximum cost per client and minute; null means no limit.")


@published(ResolutionInfo, "ResolutionInfo", "A resolution of histories.")
class ResolutionInfoType:
    resolution: Resolution = attribute("The resolution.")
    bucket_seconds: int = attribute("Length of its buckets, in seconds.")
    kept_seconds: int | None = attribute("How long it is kept, in seconds; null means permanently.")


@published(PublicRetention, "Retention", "How long each kind of history is kept, in seconds; null means permanently.")
class RetentionType:
    raw: int | None = attribute("Every snapshot, in seconds.")
    m5: int | None = attribute("Buckets of five minutes, in seconds.")
    h1: int | None = attribute("Buckets of an hour, and the last snapshot of each hour, in seconds.")
    d1: int | None = attribute("Buckets of a day, in seconds.")
    events: int | None = attribute("Events, in seconds.")


@published(
    AvailableRange, "AvailableRange", "The earliest time that queries can refer to; null if nothing is stored yet."
)
class AvailableRangeType:
    earliest_snapshot: DateTime | None = attribute("The earliest possible `asOf`.")
    latest_snapshot: DateTime | None = attribute("Slot of the newest snapshot.")
    earliest_history: DateTime | None = attribute("Start of the earliest point of the network's history.")


@published(ConnectionLimits, "ConnectionLimits", "The maximum number of connections; null means no limit.")
class ConnectionLimitsType:
    connections: int | None = attribute("Connections of all clients together, for each process.")
    connections_per_address: int | None = attribute("Connections of one client address (IPv6: one /64).")
    sockets: int | None = attribute("WebSockets and event streams, for each process.")
    sockets_per_address: int | None = attribute("WebSockets and event streams of one client address.")
    messages: int | None = attribute("Messages that a client may send over a WebSocket in a burst.")
    messages_per_second: int | None = attribute("Messages that a client may send per second after the burst.")
    operations: int | None = attribute("Operations that are open at once over a WebSocket.")
    document_bytes: int | None = attribute("Size of their documents and variables together, in bytes.")


@published(CollectionRules, "CollectionRules", "The rules of collection.")
class CollectionRulesType:
    min_witnesses: int = attribute(
        "Number of seeds that must list a node before it counts; applies if at least three seeds answer."
    )
    max_newcomers: int = attribute(
        "Maximum number of new nodes that one seed may add in a cycle while too few other seeds list them."
    )
    trusted_seeds: int = attribute("Number of trusted seeds. Their nodes need no confirmation.")
    probe_nodes: bool = attribute("Whether public nodes are probed directly.")
    seed_discovery: bool = attribute("Whether probed public nodes are also polled for their lists.")


@published(SisterDeployment, "SisterDeployment", "A deployment of this software that serves another network.")
class SisterDeploymentType:
    network: str = attribute("Name of its network, such as `mainnet-alpha`.")
    url: str = attribute("Its http or https URL. Its data is not part of any answer here.")


@published(
    PublicServiceInfo, "ServiceConfig", "The configuration of this service: release, network, retention and limits."
)
class ServiceConfigType:
    name: str = attribute("Name of the API.")
    release: str = attribute("Release of this service.")
    network: str = attribute("Name of the monitored network, such as `devnet`.")
    interval_seconds = resolved(
        polling_interval, int, "The polling interval, in seconds: how often snapshots are taken."
    )
    stale_after_seconds = resolved(stale_after, int, "Age from which a snapshot counts as stale, in seconds.")
    limits = resolved(limits_of, LimitsType, "The limits of requests.")
    resolutions = resolved(
        resolutions_of,
        list[ResolutionInfoType],
        "Resolutions of histories, the finest first.",
        weight=Weight(items=fixed(4)),
    )
    retention: RetentionType = attribute("How long each kind of history is kept.")
    connection_limits: ConnectionLimitsType = attribute("The limits of connections.")
    collection: CollectionRulesType = attribute("The rules of collection.")
    available_range = resolved(
        available_range,
        AvailableRangeType | None,
        "The range of time that queries can refer to; null while the store is unavailable.",
        weight=Weight(base=READ_COST),
    )
    sister_deployments: list[SisterDeploymentType] = attribute(
        "Deployments that serve other networks, as configured by the operator."
    )
