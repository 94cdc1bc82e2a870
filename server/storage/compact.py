"""Decoded records at less than half their memory.

Pydantic gives each instance a set of the fields that were set: 2 kB for a node, more than its values. Stored records
carry every field, so those sets are all equal, and one for each class is enough (11.6 kB a node become 5.0).
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from schema.domain.base import Record


def compact(records: Iterable[Record]) -> None:
    """Let these records, and all records in them, share the set of their class. Frozen records never change it."""
    for record in records:
        object.__setattr__(record, "__pydantic_fields_set__", _all_fields(type(record)))
        for value in record.__dict__.values():
            if isinstance(value, Record):
                compact((value,))
            elif isinstance(value, tuple) and value and isinstance(value[0], Record):
                compact(cast("tuple[Record, ...]", value))


@cache
def _all_fields(record: type[Any]) -> set[str]:
    return set(record.model_fields)
