"""The source of a measurement, the seeds that disagree, and why it is missing."""

from typing import NamedTuple

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.domain.node.pnode import Disagreement, MissingField, Provenance
from schema.graphql.types.enums import MissingReason
from schema.graphql.types.fields import attribute, published, resolved
from schema.graphql.types.scalars import DateTime


class ReportedValue(NamedTuple):
    """A value, as text, with the seeds that report it."""

    value: str
    seeds: tuple[str, ...]


def public_field(root: strawberry.Parent[Disagreement | MissingField]) -> str:
    return to_camel_case(root.field)


def reported_values(root: strawberry.Parent[Disagreement]) -> list[ReportedValue]:
    return [ReportedValue(value, seeds) for value, seeds in root.values]


def own_fields(root: strawberry.Parent[Provenance]) -> list[str]:
    return [to_camel_case(name) for name in root.own_fields]


@published(ReportedValue, "ReportedValue", "A value and the seeds that report it.")
class ReportedValueType:
    value: str = attribute("The value, as text.")
    seeds: list[str] = attribute("Seeds that report it, by name.")


@published(Disagreement, "Disagreement", "A field for which the seeds report different values.")
class DisagreementType:
    field = resolved(public_field, str, "Name of the field of `PNode`.")
    values = resolved(reported_values, list[ReportedValueType], "Each reported value.")


@published(MissingField, "MissingField", "A measurement that is null, and why.")
class MissingFieldType:
    field = resolved(public_field, str, "Name of the field of `PNode`.")
    reason: MissingReason = attribute("Why it is null.")


@published(Provenance, "Provenance", "The source of a node's measurements.")
class ProvenanceType:
    seed: str | None = attribute("The seed that reported the values; null if no seed did.")
    observed_at: DateTime | None = attribute(
        "When the seed reported the values; for a node that is not listed now, the last time."
    )
    own_fields = resolved(own_fields, list[str], "Fields that come from the node's own response instead.")
    disagreements: list[DisagreementType] = attribute(
        "Fields for which seeds report different values, with every value."
    )
    missing: list[MissingFieldType] = attribute("Measurements that are null, each with the reason.")
