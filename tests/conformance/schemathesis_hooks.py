"""Values for our scalars, and the accepted GraphQL responses. Only schemathesis's command line loads this module."""

import json
import time
from datetime import UTC, datetime

import schemathesis
from graphql import REMOVE, ArgumentNode, DocumentNode, Visitor, visit
from hypothesis import strategies as st
from schemathesis.graphql import nodes

DAY = 86_400
CLIENT_CODES = frozenset(
    {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
        "INVALID_CURSOR",
        "CURSOR_EXPIRED",
        "AS_OF_IN_FUTURE",
        "AS_OF_OUT_OF_RANGE",
        "RANGE_TOO_LARGE",
        "COST_LIMIT_EXCEEDED",
        "RATE_LIMITED",
        "PERSISTED_QUERY_NOT_FOUND",
    }
)
OK, BAD_REQUEST = 200, 400
STATUSES = (OK, BAD_REQUEST)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


NOW = int(time.time())
# Mostly recent times, which a newly started stack knows. The rest are any valid times.
just_now = st.integers(NOW - 5, NOW).map(_moment)
any_time = st.integers(0, NOW + 400 * 365 * DAY).map(_moment)
schemathesis.graphql.scalar("DateTime", st.one_of(just_now, just_now, just_now, any_time).map(nodes.String))

whole = st.integers(-(2**63), 2**63)
schemathesis.graphql.scalar(
    "BigInt", st.one_of(st.integers(-(2**31), 2**31 - 1).map(nodes.Int), whole.map(str).map(nodes.String))
)


class _FirstPage(Visitor):
    """Removes arguments that are only valid with an earlier page, or without `first`."""

    def enter_argument(self, node: ArgumentNode, *_: object) -> object:
        return REMOVE if node.name.value in ("after", "before", "last") else None


@schemathesis.hook
def flatmap_body(ctx: schemathesis.HookContext, body: object) -> st.SearchStrategy[object]:
    """Turn two of three documents into first pages, because an invented cursor ends a document before anything runs."""
    del ctx
    if not isinstance(body, DocumentNode):
        return st.just(body)
    first_page = visit(body, _FirstPage())
    return st.sampled_from([first_page, first_page, body])


@schemathesis.check
def documented_errors(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """A response has data, or only errors with codes that the client can correct."""
    del ctx, case
    assert response.status_code in STATUSES, f"status {response.status_code}, expected one of {STATUSES}"
    answer = json.loads(response.content)
    assert isinstance(answer, dict), f"the answer is {answer!r:.100}, expected an object"
    errors = answer.get("errors")
    if errors is None:
        assert answer.get("data") is not None, "`data` is null or absent, and there is no error"
        assert response.status_code == OK, f"status {response.status_code} without an error"
        return
    assert isinstance(errors, list), f"`errors` is {errors!r:.100}, expected a list"
    assert errors, "`errors` is empty"
    for error in errors:
        code = error.get("extensions", {}).get("code")
        assert code in CLIENT_CODES, f"{error.get('message')}: code {code} is not one that a client can act on"


@schemathesis.check
class GraphQLIsReached:
    """Fails a run in which root fields never returned data, because it would have tested only refusals."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._answered: set[str] = set()

    def after_response(
        self, ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
    ) -> None:
        """Record the requested field, and whether it returned data."""
        del ctx
        self._asked.add(case.operation.label)
        if response.status_code == OK and json.loads(response.content).get("data"):
            self._answered.add(case.operation.label)

    def after_run(self, ctx: schemathesis.CheckContext) -> None:
        """Compare."""
        del ctx
        silent = self._asked - self._answered
        assert not silent, f"these never gave data: {sorted(silent)}"
