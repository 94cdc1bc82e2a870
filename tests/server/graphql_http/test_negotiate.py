import pytest

from server.graphql_http.negotiate import answer_type

GRAPHQL, JSON, EVENTS = "application/graphql-response+json", "application/json", "text/event-stream"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.9", JSON),
        (URQL, GRAPHQL),
        (EVENTS, EVENTS),
        ("text/*", EVENTS),
        (f"{EVENTS}, */*;q=0.1", EVENTS),
        (f"{JSON}, {EVENTS}", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json;q=0", None),
        ("application/json;q=0, */*", None),
        ("text/plain", None),
        ("text/html, application/xhtml+xml", None),
        ("application/json;q=nonsense", None),
        ("application/json;q=7", None),
    ],
)
def test_the_type_that_a_query_is_answered_in(accept: str | None, expected: str | None) -> None:
    assert answer_type(accept, subscription=False) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [(EVENTS, EVENTS), (URQL, EVENTS), ("text/*", EVENTS), (JSON, None), ("*/*", None), (None, None)],
)
def test_a_subscription_is_only_streamed(accept: str | None, expected: str | None) -> None:
    assert answer_type(accept, subscription=True) == expected
