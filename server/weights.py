"""Weights in `Accept` and `Accept-Encoding` headers (RFC 9110 §12.4.2)."""

MAX_ITEMS = 32


def weight_of(text: str) -> float:
    """A weight, 0 to 1. One that cannot be read counts as 0."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def weighted(header: str) -> list[tuple[str, float]]:
    """The items of a list in small letters, each with its weight; of a long list the first `MAX_ITEMS`."""
    return [_item(part) for part in header.lower().split(",", MAX_ITEMS)[:MAX_ITEMS]]


def _item(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, weight_of(value)
    return name, 1.0
