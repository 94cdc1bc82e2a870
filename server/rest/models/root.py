"""The body of `/`."""

from pydantic import Field

from schema.domain.policy import Policy
from server.rest.models.base import IN_GOSSIP, AnswerTime, Body, Count, Seconds, UnixTime


class SystemStatus(Body):
    status: str = Field(description="operational, degraded, unhealthy; initializing before the first snapshot")
    nodes_tracked: Count = Field(description=IN_GOSSIP)
    network: str = Field(description="The network that this deployment serves")
    snapshot_age_seconds: Seconds | None = Field(default=None, description="Absent before the first snapshot")
    last_updated: UnixTime | None = Field(default=None, description="Absent before the first snapshot")
    message: str | None = Field(default=None, description="Absent once there is a snapshot")


class CatalogueEntry(Body):
    path: str
    description: str
    example: str = Field(description="A path with parameters that works")


class UseCase(Body):
    title: str
    paths: list[str]


class ScoringSystem(Body):
    policy: Policy = Field(description="Every weight, constant, bound and colour behind the scores")
    latest_version: str = Field(description="The network's latest release; `unknown` if it cannot be determined")
    latest_version_source: str = Field(description="network, override or none")


class DataRefresh(Body):
    interval: Seconds = Field(description="The polling interval in seconds")
    method: str
    guarantee: str


class PerformanceNotes(Body):
    caching: str
    compression: str
    conditional_requests: str


class Documentation(Body):
    interactive_api_docs: str
    alternative_docs: str
    openapi: str
    graphql: str
    graphql_schema: str
    swagger: str
    redoc: str


class RootAnswer(Body):
    """Name and version of the API, its endpoints, and its current state."""

    api_name: str
    version: str
    description: str
    tagline: str
    system_status: SystemStatus
    sister_deployments: dict[str, str] = Field(description="URLs of deployments that serve other networks, by network")
    features: dict[str, str] = Field(description="Its features, by name")
    endpoints: dict[str, str] = Field(description="Every path with its description")
    core_endpoints: dict[str, CatalogueEntry]
    analytics_endpoints: dict[str, CatalogueEntry]
    alert_endpoints: dict[str, CatalogueEntry]
    advanced_endpoints: dict[str, CatalogueEntry]
    registry_endpoints: dict[str, CatalogueEntry]
    use_cases: list[UseCase]
    scoring_system: ScoringSystem
    data_refresh: DataRefresh
    performance: PerformanceNotes
    documentation: Documentation
    resources: dict[str, str]
    quick_examples: dict[str, str]
    timestamp: AnswerTime
