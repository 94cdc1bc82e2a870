"""Counts in words, for messages that people read."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 seed`, `2 seeds`; `plural` where it is not the noun with an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
