"""All queries, each from its own module."""

import strawberry

from schema.graphql.topics.alerts import AlertConnectionType, alerts
from schema.graphql.topics.collector import CollectorType, collector
from schema.graphql.topics.consistency import ConsistencyConnectionType, consistency
from schema.graphql.topics.enrichment import EnrichmentType, enrichment
from schema.graphql.topics.events import EventConnectionType, events
from schema.graphql.topics.history import NetworkHistoryType
from schema.graphql.topics.network import (
    GrowthType,
    NetworkAnalyticsType,
    NetworkHealthType,
    VersionSeriesType,
    growth,
    history,
    network_analytics,
    network_health,
    series_expected,
    version_adoption,
)
from schema.graphql.topics.operators import OperatorConnectionType, operators
from schema.graphql.topics.pnode_queries import (
    CONNECTION,
    ComparisonType,
    PNodeConnectionType,
    compare_pnodes,
    page_size,
    pnode,
    pnodes,
)
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.policies import ScorePolicyType, score_policy
from schema.graphql.topics.reading import adoption_reading, history_reading, points_expected
from schema.graphql.topics.recommendations import RecommendationConnectionType, recommendations
from schema.graphql.topics.service import ServiceConfigType, service_config, snapshot
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.topics.topology import TopologyType, topology
from schema.graphql.types.fields import Weight, resolved
from schema.graphql.types.prices import COMPARE_COST, READ_COST, SCAN_COST, events_cost, recommendations_cost

_READ = Weight(base=READ_COST)
_SCAN = Weight(base=SCAN_COST)


@strawberry.type(description="All queries. They need no authentication and change nothing.")
class Query:
    pnodes = resolved(pnodes, PNodeConnectionType, "Nodes, filtered, sorted and paginated.", weight=CONNECTION)
    pnode = resolved(pnode, PNodeType | None, "One node, by exactly one of the arguments; null if it is not known.")
    compare_pnodes = resolved(
        compare_pnodes, ComparisonType, "A comparison of two to five nodes.", weight=Weight(base=COMPARE_COST)
    )
    network_health = resolved(network_health, NetworkHealthType, "The state of the network.")
    network_analytics = resolved(
        network_analytics, NetworkAnalyticsType, "Distributions over online nodes, and advice.", weight=_SCAN
    )
    recommendations = resolved(
        recommendations,
        RecommendationConnectionType,
        "Nodes recommended for staking, the best first, each with the reasons.",
        weight=Weight(base=SCAN_COST, more=recommendations_cost, page=page_size),
    )
    history = resolved(
        history,
        NetworkHistoryType,
        "The network over time.",
        weight=Weight(base=READ_COST, page=points_expected, reading=history_reading),
    )
    growth = resolved(growth, GrowthType, "The network now, compared with some hours ago.", weight=_READ)
    version_adoption = resolved(
        version_adoption,
        list[VersionSeriesType],
        "Versions over time: the most common ones, then all others.",
        weight=Weight(base=READ_COST, items=series_expected, page=points_expected, reading=adoption_reading),
    )
    operators = resolved(
        operators, OperatorConnectionType, "Operators: all addresses under one key.", weight=CONNECTION
    )
    topology = resolved(
        topology,
        TopologyType,
        "The graph of seeds and the nodes that they list.",
        weight=Weight(base=SCAN_COST, page=page_size),
    )
    consistency = resolved(
        consistency, ConsistencyConnectionType, "How steadily nodes stay in gossip.", weight=CONNECTION
    )
    alerts = resolved(alerts, AlertConnectionType, "Alerts about nodes, the most urgent first.", weight=CONNECTION)
    events = resolved(
        events,
        EventConnectionType,
        "Changes between snapshots.",
        weight=Weight(base=2 * READ_COST, more=events_cost, page=page_size),
    )
    collector = resolved(
        collector, CollectorType, "The collector, which polls the network, and its state.", weight=_READ
    )
    score_policy = resolved(score_policy, ScorePolicyType, "The policy of scores, ratings and alerts.")
    service_config = resolved(
        service_config, ServiceConfigType, "The configuration of this service: release, network, retention and limits."
    )
    enrichment = resolved(
        enrichment, EnrichmentType, "Data from other sources than gossip: credits and registrations.", weight=_SCAN
    )
    snapshot = resolved(snapshot, SnapshotType, "The newest snapshot, or the one at `asOf`.")
