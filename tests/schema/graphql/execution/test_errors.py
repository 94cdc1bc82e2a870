"""Errors always have a stable code, and the text only if the client can act on it."""

from typing import Any

import pytest
import structlog
from graphql import GraphQLError

from schema.domain import errors as domain
from schema.domain.errors import DomainError, RangeTooLarge
from schema.graphql.execution.errors import MASKED, ErrorCode, public
from schema.reads import Reads
from tests.factories import AT, network
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client

LATER = '"2027-01-15T08:20:00Z"'
EARLIER = '"2027-01-15T07:00:00Z"'


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query q($a: Int!) { pnodes(first: $a) { totalCount } }", "BAD_USER_INPUT"),
        ("{ pnodes(first: 501) { totalCount } }", "BAD_USER_INPUT"),
        ('{ pnodes(after: "x") { totalCount } }', "INVALID_CURSOR"),
        (f"{{ pnodes(asOf: {LATER}) {{ totalCount }} }}", "AS_OF_IN_FUTURE"),
        (f"{{ pnodes(asOf: {EARLIER}) {{ totalCount }} }}", "AS_OF_OUT_OF_RANGE"),
        ("{ pnodes(first: 500) { nodes { history(from: " + EARLIER + ") { coverage } } } }", "COST_LIMIT_EXCEEDED"),
    ],
)
async def test_each_code_of_a_refused_question(query: str, code: str) -> None:
    assert await Client().code(query) == code


async def test_as_of_before_all_that_is_kept_says_from_when_on_answers_exist() -> None:
    error = await Client().refusal(f"{{ snapshot(asOf: {EARLIER}) {{ slot }} }}")

    assert error["extensions"] == {"code": "AS_OF_OUT_OF_RANGE", "earliestAvailable": "2027-01-15T08:00:00Z"}


async def test_before_the_first_snapshot_nothing_is_available() -> None:
    assert await Client([]).code("{ pnodes { totalCount } }") == "SNAPSHOT_UNAVAILABLE"


async def test_while_the_store_is_down_the_present_is_answered_and_the_past_is_not() -> None:
    client = Client(reads=FakeReads([network(3)], down=True))

    assert (await client.ask("{ pnodes { totalCount } networkHealth { status } }"))["pnodes"]["totalCount"] == 3
    assert await client.code(f"{{ history(from: {EARLIER}) {{ coverage }} }}") == "SNAPSHOT_UNAVAILABLE"


class Failing(FakeReads):
    """Reads that raise an exception for every request about history."""

    def __init__(self, error: Exception) -> None:
        super().__init__([network(3)])
        self.error = error

    async def network_history(self, *arguments: Any, **options: Any) -> Any:
        raise self.error

    async def node_history(self, *arguments: Any, **options: Any) -> Any:
        raise self.error


SECRET = "mongodb://user:password@host"


async def test_an_error_of_ours_is_masked_and_logged_with_the_id_of_the_request() -> None:
    client = Client(reads=Failing(RuntimeError(SECRET)), twice=False)

    with structlog.testing.capture_logs() as logs:
        error = await client.refusal(f"{{ history(from: {EARLIER}) {{ coverage }} }}")

    assert error["message"] == MASKED
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "request-1"}
    assert SECRET not in str(error)
    assert [(log["event"], log["request_id"], log["path"]) for log in logs] == [
        ("graphql.internal_error", "request-1", ["history"])
    ]
    assert str(logs[0]["exc_info"]) == SECRET


async def test_what_clients_do_wrong_is_not_logged() -> None:
    with structlog.testing.capture_logs() as logs:
        await Client().refusal("{ pnodes(first: 501) { totalCount } }")
        await Client().refusal("{ nothing }")

    assert logs == []


async def test_an_error_below_a_nullable_field_leaves_the_rest_of_the_answer() -> None:
    client = Client(reads=Failing(RuntimeError(SECRET)))

    response = await client.execute("{ pnodes(first: 2) { nodes { id availability(window: H24) { percent } } } }")

    assert [node["availability"] for node in response["data"]["pnodes"]["nodes"]] == [None, None]
    assert {error["extensions"]["code"] for error in response["errors"]} == {"INTERNAL_SERVER_ERROR"}


async def test_a_domain_error_keeps_its_text_and_details() -> None:
    client = Client(reads=Failing(RangeTooLarge("too many points", {"limit": 1_000})))

    error = await client.refusal(f"{{ history(from: {EARLIER}) {{ coverage }} }}")

    assert error["message"] == "too many points"
    assert error["extensions"] == {"code": "RANGE_TOO_LARGE", "limit": 1_000}


def test_every_domain_error_has_a_published_code() -> None:
    codes = {
        error.code
        for error in vars(domain).values()
        if isinstance(error, type) and issubclass(error, DomainError) and error is not DomainError
    }

    assert codes <= {code.value for code in ErrorCode}


def test_an_error_that_has_a_code_keeps_it() -> None:
    error = GraphQLError("no", extensions={"code": "COST_LIMIT_EXCEEDED"})

    assert public(error).extensions == {"code": "COST_LIMIT_EXCEEDED"}


def test_a_domain_error_within_a_graphql_error_is_found() -> None:
    inner = GraphQLError("outer", original_error=RangeTooLarge("inner", {"limit": 5}))
    shown = public(GraphQLError("located", original_error=inner))

    assert (shown.message, shown.extensions) == ("inner", {"code": "RANGE_TOO_LARGE", "limit": 5})


def test_an_error_of_ours_within_a_graphql_error_is_masked() -> None:
    inner = GraphQLError("outer", original_error=RuntimeError(SECRET))

    assert public(GraphQLError("located", original_error=inner)).message == MASKED


def test_the_fakes_are_reads() -> None:
    reads: Reads = FakeReads()

    assert reads.current() is None
    assert AT % 3_600 == 0
