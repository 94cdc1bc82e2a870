"""A record together with the tables of its snapshot, for the resolvers of lists and of single records."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from schema.derived import Tables

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class InSnapshot(Generic[R_co]):
    """A record together with the tables of its snapshot. Its attributes are those of the record."""

    __slots__ = ("record", "tables")

    def __init__(self, record: R_co, tables: Tables) -> None:
        self.record = record
        self.tables = tables

    def __getattr__(self, name: str) -> object:
        return getattr(self.record, name)


def in_snapshot(records: Iterable[T], tables: Tables) -> list[InSnapshot[T]]:
    """Each of the records together with its snapshot."""
    return [InSnapshot(record, tables) for record in records]
