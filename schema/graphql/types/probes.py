"""The direct question to a node, as published."""

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.domain.node.probe import Probe
from schema.graphql.types.enums import FailureCategory
from schema.graphql.types.fields import attribute, published, resolved
from schema.graphql.types.scalars import BigInt, DateTime


def contradicted_fields(root: strawberry.Parent[Probe]) -> list[str]:
    return [to_camel_case(name) for name in root.contradicts]


@published(
    Probe, "Probe", "The last direct request to a node's own pRPC. The status of the node does not depend on it."
)
class ProbeType:
    at: DateTime | None = attribute("When the node was probed.")
    reachable: bool = attribute("Whether it answered.")
    failure: FailureCategory | None = attribute("Why it did not answer; null if it did.")
    failures: int = attribute("Number of consecutive probes without an answer. Each doubles the wait for the next one.")
    latency_ms: float | None = attribute("Time to its first response, in milliseconds.")
    version: str | None = attribute("The version that it reports itself.")
    uptime: BigInt | None = attribute("The uptime that it reports itself, in seconds.")
    contradicts = resolved(
        contradicted_fields,
        list[str],
        "Fields of `PNode` in which its own response differs from the reports of the seeds.",
    )
