"""Advice and figures, which several types share."""

from typing import NamedTuple

from schema.domain.network.advice import Advice
from schema.domain.words import plain_number
from schema.graphql.types.enums import AdviceLevel
from schema.graphql.types.fields import attribute, published


class Figure(NamedTuple):
    """A value that is a number for some subjects and text for others. `number` is None for text."""

    number: float | None
    text: str


def figure(value: object) -> Figure | None:
    """The value as a number, if it is one, and as text. None stays None."""
    match value:
        case None:
            return None
        case bool():
            return Figure(None, str(value).lower())
        case str():
            return Figure(None, value)
        case int() | float():
            return Figure(float(value), plain_number(value) if isinstance(value, float) else str(value))
        case _:
            raise TypeError(f"{value!r:.60} is no figure, expected a number or a text")


@published(Figure, "Figure", "A value that is a number for some subjects and text for others.")
class FigureType:
    number: float | None = attribute("The value if it is a number, in the given unit; otherwise null.")
    text: str = attribute("The value as text; always present.")


@published(Advice, "Advice", "A finding, with a recommended action.")
class AdviceType:
    category: str = attribute("The topic, machine-readable.")
    level: AdviceLevel = attribute("Its priority.")
    message: str = attribute("The finding.")
    recommendation: str = attribute("The goal.")
    action: str = attribute("The recommended action.")
