"""Shared by all bodies: additional fields are allowed, and the units are those of the earlier API."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from server.rest.models.meanings import MEANINGS


def _open(schema: dict[str, Any]) -> None:
    """The published schema allows additional fields, because later releases may add some. Our tests do not allow them.

    A whole number without a description of its own gets the description of its name in `MEANINGS`.
    """
    schema.pop("additionalProperties", None)
    for name, field in schema.get("properties", {}).items():
        if name in MEANINGS and any(kind.get("type") == "integer" for kind in (field, *field.get("anyOf", ()))):
            field.setdefault("description", MEANINGS[name])


class Body(BaseModel):
    """A JSON object that a route answers with."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_open)


IN_GOSSIP = "Nodes in gossip, online or not: those that have not left the lists of the seeds"

UnixTime = Annotated[int, Field(description="Unix seconds, UTC")]
Bytes = Annotated[int, Field(description="Bytes", ge=0)]
Seconds = Annotated[int, Field(description="Seconds", ge=0)]
Count = Annotated[int, Field(ge=0)]
"""The field, or `MEANINGS` by its name, describes what is counted."""
Percent = Annotated[float, Field(description="Percent: 0 to 100")]
Share = Annotated[float, Field(description="A share: 0 to 1", ge=0, le=1)]
Points = Annotated[float, Field(description="Points of a score: 0 to 100", ge=0, le=100)]
Address = Annotated[str, Field(description="Gossip address, `HOST:PORT`", min_length=1)]
AnswerTime = Annotated[
    int,
    Field(
        description="The time to which this response applies, unix seconds: when the snapshot was taken, advanced by "
        "whole "
        "polling intervals while there is no newer one"
    ),
]
VersionMap = Annotated[dict[str, int], Field(description="Number of online nodes by version; `unknown` if not known")]
