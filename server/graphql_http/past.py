"""Whether a response covers only a closed past, so that it never changes and may be cached permanently."""

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode, GraphQLError, StringValueNode, ValueNode, VariableNode
from graphql.language import SelectionSetNode

from schema.domain.base import HOUR
from schema.graphql.execution.outcomes import Ready
from schema.graphql.types.scalars import read_datetime

_TIMELESS = frozenset({"__typename"})
# Below an `asOf`, these fields refer to times other than that of the snapshot: to ranges, and to now.
_OF_OTHER_TIMES = frozenset({"history", "availability", "ageSeconds", "stale"})


def is_closed_past(ready: Ready, newest_slot: int | None) -> bool:
    """Whether every part of the response is as of a slot before the newest, or a history that ended an hour before it.

    In doubt the answer is no: fragments at the root, and times that only the response would reveal, do not count as
    closed.
    """
    if newest_slot is None:
        return False
    found = False
    for field in ready.operation.selection_set.selections:
        if not isinstance(field, FieldNode):
            return False
        if field.name.value not in _TIMELESS:
            if not _is_closed(field, ready.variables, newest_slot):
                return False
            found = True
    return found


def _is_closed(field: FieldNode, variables: Mapping[str, Any], newest_slot: int) -> bool:
    if not field.arguments:
        return False
    arguments = {argument.name.value: argument.value for argument in field.arguments}
    if "asOf" in arguments:
        at = _time(arguments["asOf"], variables)
        return at is not None and at < newest_slot and not _selects_other_times(field.selection_set)
    if field.name.value in ("history", "versionAdoption") and "to" in arguments:
        end = _time(arguments["to"], variables)
        return end is not None and end <= newest_slot - HOUR and "includeCurrent" not in arguments
    return False


def _selects_other_times(selection_set: SelectionSetNode | None) -> bool:
    """Whether any field below has its own times. Fragments are not inspected, and count as if they had."""
    for node in selection_set.selections if selection_set is not None else ():
        if not isinstance(node, FieldNode):
            return True
        if node.name.value in _OF_OTHER_TIMES or _selects_other_times(node.selection_set):
            return True
    return False


def _time(node: ValueNode, variables: Mapping[str, Any]) -> int | None:
    """The time in an argument, unix seconds. None if it has none."""
    if isinstance(node, VariableNode):
        value: object = variables.get(node.name.value)
    else:
        value = node.value if isinstance(node, StringValueNode) else None
    try:
        return read_datetime(value)
    except GraphQLError:
        return None
