"""Counts with their nouns, for messages to people."""


def agreeing(number: object, noun: str, plural: str | None = None) -> str:
    """Return the noun for a number: `seed` for 1, `seeds` otherwise. Pass `plural` for an irregular plural."""
    return noun if number == 1 else plural or f"{noun}s"


def counted(number: object, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 seed`, `2 seeds`."""
    return f"{number} {agreeing(number, noun, plural)}"
