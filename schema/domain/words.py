"""Counts in words, for messages that people read."""


def agreeing(number: object, noun: str, plural: str | None = None) -> str:
    """The noun that goes with a number: `seed` with 1, `seeds` with any other; `plural` where that is not noun and s."""
    return noun if number == 1 else plural or f"{noun}s"


def counted(number: object, noun: str, plural: str | None = None) -> str:
    """The number with its noun: `1 seed`, `2 seeds`."""
    return f"{number} {agreeing(number, noun, plural)}"
