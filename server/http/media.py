"""The media ranges of an `Accept` header (RFC 9110 §12.5.1)."""

MAX_RANGES = 32


def media_ranges(accept: str) -> list[tuple[str, float]]:
    """The media ranges of an `Accept` header, each with its weight; of a long header the first `MAX_RANGES`."""
    return [_range(part) for part in accept.lower().split(",")[:MAX_RANGES]]


def _range(part: str) -> tuple[str, float]:
    """A media range with its weight 0..1; an unreadable weight counts as 0."""
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return kind, 0.0
            return kind, weight if 0 <= weight <= 1 else 0.0
    return kind, 1.0
