"""Converts an HTTP request to a GraphQL request, and refuses everything else with a clear message."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

import orjson
from graphql import OperationDefinitionNode, OperationType

from schema.graphql.execution.checks import choose_operation, parse_document

MAX_URL_BYTES = 65_536
MAX_URL_FIELDS = 16
_PARAMETERS = ("query", "operationName", "variables", "extensions")


class Refused(Exception):
    """A request that is not a GraphQL request. `allow` lists the methods to name in a 405."""

    def __init__(self, status: HTTPStatus, message: str, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.allow = allow


class GraphQLRequest(NamedTuple):
    """The four parameters of a request. `query` is None if a persisted one is meant."""

    query: str | None
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None
    extensions: Mapping[str, Any] | None = None

    @property
    def persisted_hash(self) -> str | None:
        """The SHA-256 (hex) of an automatic persisted query. None if the request has none."""
        persisted: object = (self.extensions or {}).get("persistedQuery")
        if not isinstance(persisted, dict):
            return None
        found = cast("dict[str, object]", persisted)
        digest = found.get("sha256Hash")
        if found.get("version") != 1 or not isinstance(digest, str):
            raise Refused(
                HTTPStatus.BAD_REQUEST, 'extensions.persistedQuery must be {"version": 1, "sha256Hash": "<hex>"}'
            )
        return digest.lower()


def from_body(body: bytes) -> GraphQLRequest:
    """The request in a JSON body. Raises Refused."""
    try:
        parameters: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error.msg}") from None
    if isinstance(parameters, list):
        raise Refused(HTTPStatus.BAD_REQUEST, "the body is a list: batches are not supported, send one request each")
    if not isinstance(parameters, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "the body must be a JSON object with `query`")
    return from_parameters(cast("dict[str, object]", parameters))


def from_url(query_string: bytes) -> GraphQLRequest:
    """The request in the query string of a GET. Raises Refused."""
    if len(query_string) > MAX_URL_BYTES:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"the query string is longer than {MAX_URL_BYTES} bytes")
    try:
        pairs = parse_qsl(query_string.decode(), keep_blank_values=True, max_num_fields=MAX_URL_FIELDS, errors="strict")
    except ValueError:
        raise Refused(
            HTTPStatus.BAD_REQUEST, f"the query string is not UTF-8 or has more than {MAX_URL_FIELDS} fields"
        ) from None
    names = [name for name, _ in pairs]
    doubled = next((name for name in _PARAMETERS if names.count(name) > 1), None)
    if doubled is not None:
        raise Refused(HTTPStatus.BAD_REQUEST, f"`{doubled}` is given more than once")
    parameters: dict[str, object] = dict(pairs)
    for name in ("variables", "extensions"):
        if text := parameters.get(name):
            parameters[name] = _json_parameter(name, cast("str", text))
        else:
            parameters.pop(name, None)
    return from_parameters({name: value for name, value in parameters.items() if value != ""})


def from_parameters(parameters: Mapping[str, object]) -> GraphQLRequest:
    """The request with these parameters, each with its correct type. Raises Refused."""
    query = _typed(parameters, "query", str, "a string")
    name = _typed(parameters, "operationName", str, "a string")
    variables = _typed(parameters, "variables", dict, "an object")
    extensions = _typed(parameters, "extensions", dict, "an object")
    request = GraphQLRequest(query, name, variables, extensions)
    if query is None and request.persisted_hash is None:
        raise Refused(HTTPStatus.BAD_REQUEST, "`query` is missing")
    return request


def _typed(parameters: Mapping[str, object], name: str, kind: type, expected: str) -> Any:
    value = parameters.get(name)
    if value is not None and not isinstance(value, kind):
        raise Refused(HTTPStatus.BAD_REQUEST, f"`{name}` must be {expected}")
    return value


def _json_parameter(name: str, text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"`{name}` is not JSON: {error.msg}") from None


def asks_to_mutate(request: GraphQLRequest) -> bool:
    """Whether the operation of a request is a mutation, whatever the schema contains."""
    document = parse_document(request.query or "").document
    operation = choose_operation(document, request.operation_name) if document is not None else None
    return isinstance(operation, OperationDefinitionNode) and operation.operation is OperationType.MUTATION
