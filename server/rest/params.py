"""The parameters that several routes share, with their bounds."""

from typing import Annotated, Literal

from fastapi import Path, Query
from starlette.convertors import PathConvertor, register_url_convertor

MAX_SKIP = 1_000_000
MAX_ADDRESS_LENGTH = 256


class NodeKeyConvertor(PathConvertor):
    """A path segment that names a node. It may contain slashes and line breaks, so that the route itself answers
    them."""

    regex = "(?s:.*)"


def register_node_keys() -> None:
    """Allow `{address:node}` in paths. Call this before routes are made; it may be called more than once."""
    register_url_convertor("node", NodeKeyConvertor())


NodeKey = Annotated[
    str,
    Path(
        description="Gossip address `HOST:PORT` (any known one of the node), pubkey, or id",
        max_length=MAX_ADDRESS_LENGTH,
        examples=["45.0.1.7:9001"],
    ),
]
Skip = Annotated[int, Query(ge=0, le=MAX_SKIP, description="How many entries of the list to skip")]
PolicyName = Literal["1.0", "2.0"]
OLDEST_POLICY: PolicyName = "1.0"
PolicyChoice = Annotated[
    PolicyName,
    Query(description="The policy of scores, tiers and orders: 1.0 as in the earlier API, or 2.0 with bounds"),
]
SeverityFilter = Annotated[
    Literal["critical", "warning", "info"] | None, Query(description="Only alerts of this severity")
]
AlertTypeName = Literal[
    "offline",
    "low_uptime",
    "storage_critical",
    "storage_warning",
    "version_outdated",
    "version_behind",
    "isolated",
    "weak_connectivity",
    "underutilized",
    "gossip_flapping",
]
AlertTypeFilter = Annotated[AlertTypeName | None, Query(description="Only alerts of this type")]
Hours = Annotated[int, Query(ge=1, le=720, description="How many hours to look back from the newest snapshot")]
