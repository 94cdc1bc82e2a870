"""The past snapshots that an operation reads, and the cost of loading them."""

from graphql import GraphQLError

from schema.domain.base import UnixSeconds
from schema.graphql.types.cursors import slot_in
from schema.graphql.types.fields import Arguments, Terms
from schema.graphql.types.prices import LOAD_COST, LOAD_NODES
from schema.graphql.types.scalars import read_datetime

AS_OF = "asOf"
CURSORS = ("after", "before")
# The newest snapshot and the one before it are in memory.
RECENT_SLOTS = 2


def moments_in(arguments: Arguments, terms: Terms) -> set[UnixSeconds]:
    """The times in the past that `asOf` and cursors name. Equal ones share one snapshot, recent ones are in memory."""
    named = {slot_in(text) for name in CURSORS if isinstance(text := arguments.get(name), str)}
    if AS_OF in arguments:
        named.add(_as_of(arguments[AS_OF]))
    recent = terms.now - RECENT_SLOTS * terms.interval
    return {moment for moment in named if moment is not None and moment < recent}


def load_cost(moments: int, terms: Terms) -> int:
    """The cost of loading the snapshots of so many times."""
    return moments * LOAD_COST * min(terms.nodes, LOAD_NODES)


def _as_of(value: object) -> UnixSeconds | None:
    """A time of arguments. Values that are not a time end in an error, and load nothing."""
    try:
        return read_datetime(value)
    except GraphQLError:
        return None
