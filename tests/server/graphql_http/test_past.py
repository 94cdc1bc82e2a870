from typing import Any

import pytest

from schema.graphql.build import build_schema
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.outcomes import Ready
from server.graphql_http.past import is_closed_past
from tests.factories import AT

PAST, NOW = '"2027-01-15T07:00:00Z"', '"2027-01-15T08:00:00Z"'  # AT is 08:00:00Z


def closed(query: str, variables: dict[str, Any] | None = None, newest: int | None = AT) -> bool:
    ready = Engine(build_schema()).ready(query, None, variables, AT + 5.0)
    assert isinstance(ready, Ready)
    return is_closed_past(ready, newest)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"{{ pnodes(asOf: {PAST}) {{ totalCount }} }}", True),
        (f"{{ a: pnodes(asOf: {PAST}) {{ totalCount }} networkHealth(asOf: {PAST}) {{ score }} __typename }}", True),
        (f"{{ pnodes(asOf: {NOW}) {{ totalCount }} }}", False),
        ("{ pnodes { totalCount } }", False),
        (f"{{ pnodes(asOf: {PAST}) {{ totalCount }} networkHealth {{ score }} }}", False),
        (f"{{ pnodes(asOf: {PAST}) {{ snapshot {{ ageSeconds }} }} }}", False),
        (f"{{ pnodes(asOf: {PAST}) {{ snapshot {{ stale }} }} }}", False),
        (f"{{ pnodes(asOf: {PAST}) {{ snapshot {{ slot }} }} }}", True),
        (f"{{ pnodes(first: 1, asOf: {PAST}) {{ nodes {{ availability(window: H24) {{ percent }} }} }} }}", False),
        (f"{{ history(from: {PAST}, to: {PAST}) {{ coverage }} }}", True),
        (f"{{ history(from: {PAST}) {{ coverage }} }}", False),
        (f"{{ history(from: {PAST}, to: {NOW}) {{ coverage }} }}", False),
        (f"{{ history(from: {PAST}, to: {PAST}, includeCurrent: true) {{ coverage }} }}", False),
        (f"query q {{ ...f }} fragment f on Query {{ pnodes(asOf: {PAST}) {{ totalCount }} }}", False),
        (f"{{ pnodes(asOf: {PAST}) {{ ...f }} }} fragment f on PNodeConnection {{ totalCount }}", False),
        ("{ __typename }", False),
    ],
)
def test_only_what_cannot_change_any_more_is_immutable(query: str, expected: bool) -> None:
    assert closed(query) is expected


def test_a_time_may_come_by_variable() -> None:
    query = "query q($at: DateTime) { pnodes(asOf: $at) { totalCount } }"
    assert closed(query, {"at": PAST.strip('"')})
    assert not closed(query, {"at": None})
    assert not closed(query, {"at": "nonsense"})


def test_without_a_snapshot_nothing_is_past() -> None:
    assert not closed(f"{{ pnodes(asOf: {PAST}) {{ totalCount }} }}", newest=None)
