"""Numbers and their nouns, for messages to people."""

from decimal import Decimal

SHOWN_DIGITS = 6
"""As many as `format` gives a float."""


def agreeing(number: object, noun: str, plural: str | None = None) -> str:
    """Return the noun for a number: `seed` for 1, `seeds` otherwise. Pass `plural` for an irregular plural."""
    return noun if number == 1 else plural or f"{noun}s"


def counted(number: object, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 seed`, `2 seeds`."""
    return f"{number} {agreeing(number, noun, plural)}"


def plain_number(value: float, digits: int = SHOWN_DIGITS) -> str:
    """The value to so many significant digits, without an exponent and without zeros at the end: `0.00012`."""
    text = f"{Decimal(f'{value + 0.0:.{digits}g}'):f}"  # + 0.0: zero has no sign
    return text.rstrip("0").rstrip(".") if "." in text else text
