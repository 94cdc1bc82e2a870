"""Which media type an answer gets: what the client likes best among what it can have."""

from functools import lru_cache

from server.weights import weighted

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

# In the order in which they are taken where a client likes them equally. Event streams come last: many clients list
# them in every request, and mean them for subscriptions alone.
_OFFERED = (GRAPHQL_JSON, JSON, EVENT_STREAM)
_WILDCARDS = {"*/*": JSON, "application/*": JSON, "text/*": EVENT_STREAM}


@lru_cache(maxsize=512)
def answer_type(accept: str | None, *, subscription: bool) -> str | None:
    """The media type for an answer; None where the client accepts none that fits.

    A subscription can only be streamed; anything else is streamed only to a client that wants nothing but a stream, or
    likes it better. Without an `Accept` header the answer is `application/json`, as clients from before the
    GraphQL-over-HTTP specification expect.
    """
    if accept is None or not accept.strip():
        return None if subscription else JSON
    weights = _weights(accept)
    offered = (EVENT_STREAM,) if subscription else _OFFERED
    ranked = [(weights[kind], -place, kind) for place, kind in enumerate(offered) if weights.get(kind, 0) > 0]
    return max(ranked)[2] if ranked else None


def _weights(accept: str) -> dict[str, float]:
    """The weight of each type that we offer: its own, else that of the most specific range that admits it."""
    weights: dict[str, float] = {}
    ranges = weighted(accept)
    for kind, weight in ranges:
        if kind in _OFFERED:
            weights[kind] = max(weight, weights.get(kind, 0.0)) if weight else 0.0
    for kind, weight in ranges:
        if kind in _WILDCARDS:
            weights.setdefault(_WILDCARDS[kind], weight)
    return weights
