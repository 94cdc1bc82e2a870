"""Changes of figures, as GraphQL types."""

from schema.domain.history.trends import Change
from schema.graphql.types.enums import Trend
from schema.graphql.types.fields import attribute, published
from schema.graphql.types.scalars import BigInt


@published(Change, "BigIntChange", "Change of an integer, in the unit of the field.")
class BigIntChangeType:
    start: BigInt = attribute("The figure at the start.")
    end: BigInt = attribute("The figure at the end.")
    delta: BigInt = attribute("End minus start.")
    percent: float | None = attribute("Change in percent of the start; null if the start is 0.")
    trend: Trend = attribute("Sign of the change.")


@published(Change, "FloatChange", "Change of a number, in the unit of the field.")
class FloatChangeType:
    start: float | None = attribute("The figure at the start.")
    end: float | None = attribute("The figure at the end.")
    delta: float | None = attribute("End minus start.")
    percent: float | None = attribute("Change in percent of the start; null if the start is 0.")
    trend: Trend = attribute("Sign of the change.")
