"""A record together with the tables of its snapshot, for the resolvers of lists and of single records."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

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


class Items(Sequence[InSnapshot[T]]):
    """The records of a page, each together with its snapshot. They are put together on use."""

    __slots__ = ("records", "tables")

    def __init__(self, records: tuple[T, ...], tables: Tables) -> None:
        self.records = records
        self.tables = tables

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[InSnapshot[T]]:
        tables = self.tables
        return (InSnapshot(record, tables) for record in self.records)

    @overload
    def __getitem__(self, index: int) -> InSnapshot[T]: ...
    @overload
    def __getitem__(self, index: slice) -> list[InSnapshot[T]]: ...
    def __getitem__(self, index: int | slice) -> InSnapshot[T] | list[InSnapshot[T]]:
        if isinstance(index, slice):
            return in_snapshot(self.records[index], self.tables)
        return InSnapshot(self.records[index], self.tables)
