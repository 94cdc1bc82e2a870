"""A failed call to a node: its category and a message."""

from enum import StrEnum

from schema.domain.base import Record


class FailureCategory(StrEnum):
    """Why a call to a node failed. The list is closed: every failure has one of these categories."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    HTTP_STATUS = "http_status"
    NOT_JSON = "not_json"
    RPC_ERROR = "rpc_error"
    TOO_LARGE = "too_large"
    FORBIDDEN_ADDRESS = "forbidden_address"
    BAD_SHAPE = "bad_shape"


class Failure(Record):
    """A failed call: its category, and a message for people (bounded, without secrets)."""

    category: FailureCategory
    message: str
