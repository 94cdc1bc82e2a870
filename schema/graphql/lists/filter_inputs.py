"""Operator inputs: the tests of a filter, by the type of the value."""

from typing import Any

import strawberry
from strawberry import UNSET

from schema.graphql.types.enums import AlertType, ConsistencyStatus, EventType, PNodeStatus, Severity, Tier
from schema.graphql.types.scalars import BigInt, DateTime


def operator(text: str) -> Any:
    """A field of an operator input that may be omitted, but must not be null."""
    return strawberry.field(description=text, default=UNSET)


_EQ = "Equal to this."
_NE = "Known, and different from this."
_IN = "One of these; at most 100."
_GT, _GTE, _LT, _LTE = "Greater than this.", "This or greater.", "Less than this.", "This or less."
_NULL = "Whether the value is not known."


@strawberry.input(description="A filter on text, compared by code point. Values have at most 200 characters.")
class StringFilter:
    eq: str | None = operator(_EQ)
    ne: str | None = operator(_NE)
    in_: list[str] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    contains: str | None = operator("Contains this; case-sensitive.")
    starts_with: str | None = operator("Starts with this; case-sensitive.")
    is_null: bool | None = operator(_NULL)


@strawberry.input(
    description="A filter on a version. gt, gte, lt and lte compare by version precedence, so 0.10 is above 0.9."
)
class VersionFilter:
    eq: str | None = operator(_EQ)
    ne: str | None = operator(_NE)
    in_: list[str] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: str | None = operator("Newer than this.")
    gte: str | None = operator("This or newer.")
    lt: str | None = operator("Older than this.")
    lte: str | None = operator("This or older.")
    contains: str | None = operator("Contains this.")
    starts_with: str | None = operator("Starts with this.")
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="A filter on an integer of any size.")
class BigIntFilter:
    eq: BigInt | None = operator(_EQ)
    ne: BigInt | None = operator(_NE)
    in_: list[BigInt] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: BigInt | None = operator(_GT)
    gte: BigInt | None = operator(_GTE)
    lt: BigInt | None = operator(_LT)
    lte: BigInt | None = operator(_LTE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="A filter on an integer.")
class IntFilter:
    eq: int | None = operator(_EQ)
    ne: int | None = operator(_NE)
    in_: list[int] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: int | None = operator(_GT)
    gte: int | None = operator(_GTE)
    lt: int | None = operator(_LT)
    lte: int | None = operator(_LTE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="A filter on a number.")
class FloatFilter:
    eq: float | None = operator(_EQ)
    ne: float | None = operator(_NE)
    in_: list[float] | None = strawberry.field(name="in", description=_IN, default=UNSET)
    gt: float | None = operator(_GT)
    gte: float | None = operator(_GTE)
    lt: float | None = operator(_LT)
    lte: float | None = operator(_LTE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="A filter on a time.")
class DateTimeFilter:
    eq: DateTime | None = operator(_EQ)
    ne: DateTime | None = operator(_NE)
    gt: DateTime | None = operator("After this.")
    gte: DateTime | None = operator("At this or after it.")
    lt: DateTime | None = operator("Before this.")
    lte: DateTime | None = operator("At this or before it.")
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="A filter on a Boolean.")
class BooleanFilter:
    eq: bool | None = operator(_EQ)
    ne: bool | None = operator(_NE)
    is_null: bool | None = operator(_NULL)


@strawberry.input(description="A filter on a status.")
class PNodeStatusFilter:
    eq: PNodeStatus | None = operator(_EQ)
    ne: PNodeStatus | None = operator("Different from this.")
    in_: list[PNodeStatus] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="A filter on a tier.")
class TierFilter:
    eq: Tier | None = operator(_EQ)
    ne: Tier | None = operator("Different from this.")
    in_: list[Tier] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="A filter on a severity.")
class SeverityFilter:
    eq: Severity | None = operator(_EQ)
    ne: Severity | None = operator("Different from this.")
    in_: list[Severity] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="A filter on the type of an alert.")
class AlertTypeFilter:
    eq: AlertType | None = operator(_EQ)
    ne: AlertType | None = operator("Different from this.")
    in_: list[AlertType] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="A filter on the type of an event.")
class EventTypeFilter:
    eq: EventType | None = operator(_EQ)
    ne: EventType | None = operator("Different from this.")
    in_: list[EventType] | None = strawberry.field(name="in", description=_IN, default=UNSET)


@strawberry.input(description="A filter on a rating of consistency.")
class ConsistencyStatusFilter:
    eq: ConsistencyStatus | None = operator(_EQ)
    ne: ConsistencyStatus | None = operator("Different from this.")
    in_: list[ConsistencyStatus] | None = strawberry.field(name="in", description=_IN, default=UNSET)
