"""The results of the engine: an operation that may run, or its errors; and the response of one that ran."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import FieldNode, OperationDefinitionNode, OperationType

from schema.graphql.execution.documents import Document

Response = dict[str, Any]
Question = tuple[str, str | None, bytes]


class Rejected(NamedTuple):
    """Why an operation does not run: errors as clients see them. Nothing was executed."""

    errors: list[Response]

    @property
    def code(self) -> str | None:
        """The code of the first error."""
        return self.errors[0].get("extensions", {}).get("code")


class Ready(NamedTuple):
    """An operation that may run. Two operations are equivalent exactly if their `question` is equal."""

    document: Document
    operation: OperationDefinitionNode
    name: str | None
    variables: Mapping[str, Any]
    cost: int
    question: Question

    @property
    def is_subscription(self) -> bool:
        return self.operation.operation is OperationType.SUBSCRIPTION

    @property
    def replaces(self) -> bool:
        """Whether each result of the subscription makes earlier ones obsolete, so that slow readers may skip some."""
        return bool(self.root_fields) and all(field.name.value == "snapshots" for field in self.root_fields)

    @property
    def root_fields(self) -> tuple[FieldNode, ...]:
        """The fields selected at the root, those of fragments not counted."""
        return tuple(node for node in self.operation.selection_set.selections if isinstance(node, FieldNode))


class Result(NamedTuple):
    """A response.

    `request_error`: it failed before anything was executed, so it has no `data`. `complete`: there are no errors, so
    equal requests have this response while the view is unchanged.
    """

    response: Response
    request_error: bool
    complete: bool
