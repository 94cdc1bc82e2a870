"""Conversion of records to bytes and back."""

import enum
import types
import typing
from collections.abc import Mapping
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import MAX_INT64, Record
from schema.domain.cycle.events import Event
from schema.domain.node.memory import NodeMemory
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import SnapshotHeader
from server.storage import codec
from server.storage.codec import Codec, UnknownEncoding, pack, split, unpack
from tests.factories import network

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def values_of(shape: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotation that records use, with the widest range that validation accepts."""
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if origin is typing.Annotated:
        return values_of(arguments[0])
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is tuple:
        if arguments[-1] is not Ellipsis:
            return st.tuples(*[values_of(argument) for argument in arguments])
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3)
    if issubclass(shape, Record | tuple):
        fields = {name: field.annotation for name, field in getattr(shape, "model_fields", {}).items()}
        hints = fields or typing.get_type_hints(shape)
        return st.builds(shape, **{name: values_of(hint) for name, hint in hints.items()})
    if issubclass(shape, enum.Enum):
        return st.sampled_from(shape)
    plain: dict[type, st.SearchStrategy[Any]] = {
        type(None): st.none(),
        bool: st.booleans(),
        int: st.integers(-MAX_INT64 - 1, MAX_INT64),
        float: st.floats(allow_nan=False, allow_infinity=False),
        str: TEXTS,
    }
    return plain[shape]


@pytest.mark.parametrize("record", [PNode, NodeMemory, RegistryEntry, Event, SnapshotHeader])
def test_any_record_comes_back_equal(record: type[Record]) -> None:
    @given(st.lists(values_of(record), max_size=3).map(tuple))
    def check(records: tuple[Record, ...]) -> None:
        of_kind = Codec(record)
        assert of_kind.load(unpack(pack(of_kind.dump(records), level=3))) == records

    check()


def test_a_sum_beyond_64_bits_comes_back_equal() -> None:
    """Sums of untrusted values can exceed the range of BSON integers."""
    header = network(3).header
    totals = header.totals.model_copy(update={"storage_committed": 1_000 * MAX_INT64})
    wide = header.model_copy(update={"totals": totals})
    assert Codec(SnapshotHeader).load(Codec(SnapshotHeader).dump([wide])) == (wide,)


def test_defaults_are_written() -> None:
    """Otherwise a stored record would change its meaning with the defaults of a later release."""
    assert b'"key_conflict":false' in Codec(PNode).dump(network(1).nodes)


@given(st.integers(0, 2_000), st.integers(1, 400))
def test_chunks_are_few_even_and_in_order(count: int, size: int) -> None:
    parts = split(range(count), size)  # type: ignore[type-var,arg-type]  any sequence can be split
    lengths = [len(part) for part in parts]
    assert [x for part in parts for x in part] == list(range(count))
    assert len(parts) == -(-count // size)
    assert max(lengths, default=0) <= size
    assert max(lengths, default=0) - min(lengths, default=0) <= 1


def test_a_base_leaves_the_differences() -> None:
    nodes = Codec(PNode)
    before, after = nodes.dump(network(300).nodes), nodes.dump(network(300, slot=1_800_000_060).nodes)
    whole, less = pack(after, level=9), pack(after, level=9, base=before)
    assert unpack(less, base=before) == after
    assert len(less) < len(whole) / 3


def test_a_damaged_body_is_refused() -> None:
    with pytest.raises(zstandard.ZstdError):
        unpack(pack(b"[]" * 100, level=3)[:-4])


def test_a_newer_encoding_is_refused_by_number() -> None:
    with pytest.raises(UnknownEncoding, match="encoding 2: this release reads 1"):
        codec.check_encoding(2)
