"""The bodies of errors."""

from typing import Any

from pydantic import Field

from server.rest.models.base import Body


class RpcErrorDetail(Body):
    code: int = Field(description="Always -32603")
    message: str = Field(description="What went wrong, as text for people")


class RpcError(Body):
    """An error in JSON-RPC style: no snapshot yet, no store, an unknown registry entry."""

    jsonrpc: str
    error: RpcErrorDetail
    id: int = Field(description="Always 1, as no call of the client has an id")


class PlainError(Body):
    """An error about the request, with hints for a correct one."""

    error: str = Field(description="What went wrong, as text for people")
    suggestion: str | None = Field(default=None, description="Where to look instead")
    example: str | None = Field(default=None, description="A request that works")
    missing: list[str] | None = Field(default=None, description="The addresses that are not known")
    provided: int | None = Field(default=None, description="How many addresses were given")
    code: str | None = Field(
        default=None, description="The stable code of the error, as in GraphQL's `extensions.code`"
    )
    limit: int | None = Field(default=None, description="The bound that was exceeded")


class Refusal(Body):
    """An error of the framework: an unknown path or a wrong method."""

    detail: str


class WrongParameter(Body):
    type: str = Field(description="The kind of error, such as `less_than_equal`")
    loc: list[str | int] = Field(description="Where: `query` or `path`, and the parameter's name")
    msg: str = Field(description="What is wrong, for people")
    input: Any = Field(default=None, description="What was given")
    ctx: dict[str, Any] | None = Field(default=None, description="The bound that was exceeded")


class WrongParameters(Body):
    """422: parameters that the route does not accept."""

    detail: list[WrongParameter]
