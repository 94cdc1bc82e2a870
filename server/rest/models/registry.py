"""Bodies of `/registry`, `/registry/{address}` and `/graveyard`."""

from pydantic import Field

from server.rest.models.base import Address, AnswerTime, Body, Count, Share, UnixTime
from server.rest.models.node import Node


class RegistryEntry(Node):
    """A node with what accumulates about it."""

    mongo_id: str = Field(alias="_id", description="The same as `id`")
    last_ip: str | None = Field(description="The seed that supplied the measurements; null if not known")
    created_at: UnixTime = Field(description="The same as `first_seen`")
    gossip_appearances: Count
    gossip_disappearances: Count
    last_gossip_appearance: UnixTime | None = Field(description="Null before the first one")
    last_gossip_drop: UnixTime | None = Field(description="Null before the first one")
    consistency_score: Share = Field(description="Appearances / (appearances + disappearances) over the window")


class RegistryStatus(Body):
    """Whether the node serves the public."""

    mongo_id: str = Field(alias="_id", description="The node's id")
    address: Address
    status: str = Field(description="public or private; unknown if no seed reports it")
    last_ip: str | None = Field(description="The seed that reported this; null if not known")
    last_seen: UnixTime
    updated_at: UnixTime


class RegistryEntryAnswer(Body):
    """One node, known now or at any time before."""

    entry: RegistryEntry
    status: RegistryStatus


class RegistryAnswer(Body):
    """A page of all nodes ever known, newest contact first."""

    count: Count = Field(description="Entries of this page")
    total: Count = Field(description="Entries in all")
    items: list[RegistryEntry]
    timestamp: AnswerTime


class GraveyardAnswer(Body):
    """Nodes that have not been seen for a long time, newest contact first."""

    count: Count = Field(description="Entries of this page")
    total: Count = Field(description="Entries in all")
    threshold_days: int
    items: list[RegistryEntry]
    timestamp: AnswerTime
