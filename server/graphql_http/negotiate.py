"""Chooses the media type of a response: the one that the client prefers among the possible ones."""

from functools import lru_cache

from server.weights import weighted

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

# In the order of our preference, for clients with equal weights. Event streams come last, because many clients list
# them in every request, but mean them for subscriptions only.
_OFFERED = (GRAPHQL_JSON, JSON, EVENT_STREAM)
_WILDCARDS = {"*/*": JSON, "application/*": JSON, "text/*": EVENT_STREAM}


@lru_cache(maxsize=512)
def answer_type(accept: str | None, *, subscription: bool) -> str | None:
    """The media type for a response. None if the client accepts none of the possible ones.

    A subscription can only be streamed. Other operations are streamed only to a client that accepts only a stream, or
    prefers it. Without an `Accept` header the answer is `application/json`, as clients from before the
    GraphQL-over-HTTP specification expect.
    """
    if accept is None or not accept.strip():
        return None if subscription else JSON
    weights = _weights(accept)
    offered = (EVENT_STREAM,) if subscription else _OFFERED
    ranked = [(weights[kind], -place, kind) for place, kind in enumerate(offered) if weights.get(kind, 0) > 0]
    return max(ranked)[2] if ranked else None


def _weights(accept: str) -> dict[str, float]:
    """The weight of each type that we offer: its own, else that of the most specific range that matches it."""
    weights: dict[str, float] = {}
    ranges = weighted(accept)
    for kind, weight in ranges:
        if kind in _OFFERED:
            weights[kind] = max(weight, weights.get(kind, 0.0)) if weight else 0.0
    for kind, weight in ranges:
        if kind in _WILDCARDS:
            weights.setdefault(_WILDCARDS[kind], weight)
    return weights
