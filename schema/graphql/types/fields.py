"""How a GraphQL type is declared over a record.

A type here is a declaration and is never instantiated: its plain fields read the attribute of the same name from the
record that it publishes. `PUBLISHED` lists which type publishes which record, so that a test can hold them together.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from math import isfinite
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from schema.domain.base import UnixSeconds
from schema.graphql.types.scalars import LAST_SECOND, DateTime

Arguments = Mapping[str, object]
"""The arguments of a field by their public names, from a document and its variables, not validated yet."""


class Terms(NamedTuple):
    """What costs depend on besides arguments: the time (unix seconds), the polling interval in seconds, and how many
    nodes there are to look through.
    """

    now: UnixSeconds
    interval: int
    nodes: int = 0


Size = Callable[[Arguments, Terms], int]

PUBLISHED: dict[type, type] = {}

_MAX_INT32 = 2**31 - 1


class Weight(NamedTuple):
    """What a field costs before it runs; see `schema.graphql.execution.cost`.

    `base` is the field itself, `more` what its arguments and the number of nodes add, and `order` what they add where
    anything is selected of it that is `paged` or `in_order`: counting needs no order. `items` estimates the length of a
    list, and `page` that of the lists below that are marked `paged` (the nodes of a connection, the points of a
    history), both from the field's arguments and the terms. `reading` is what it costs to read the field from the
    store, whatever is selected below it. `each` is what the field costs for each item of the page that it belongs to.
    `reads` marks a field that asks the store, once for every object that it is selected on. `invalid` tells arguments
    that are an error of each object that it is selected on.
    """

    base: int = 1
    more: Size | None = None
    order: Size | None = None
    in_order: bool = False
    items: Size | None = None
    page: Size | None = None
    reading: Size | None = None
    each: int = 0
    paged: bool = False
    reads: bool = False
    invalid: Callable[[Arguments], bool] | None = None


PAGED = Weight(paged=True, in_order=True)
PAGE_INFO = Weight(in_order=True)
_NO_WEIGHT = Weight()
_EMPTY_IS_NULL = "empty_is_null"


def weight_of(field: object) -> Weight:
    """The weight of a declared field."""
    return field.metadata.get("weight", _NO_WEIGHT) if isinstance(field, StrawberryField) else _NO_WEIGHT


def number_argument(name: str, default: int, ceiling: int) -> Size:
    """The size of a list whose length is an argument. The resolver refuses invalid values."""

    def items(arguments: Arguments, terms: Terms) -> int:
        value = arguments.get(name)
        return min(max(value, 0), ceiling) if isinstance(value, int) else default

    return items


def fixed(count: int) -> Size:
    """The size of a list with this usual length."""
    return lambda arguments, terms: count


class Attribute(StrawberryField):
    """A field that reads the attribute of its own name.

    Where the field is nullable, a value that its scalar cannot carry (NaN, an integer beyond 32 bits, a time beyond
    the year 9999) is null: one strange node must not add errors to an answer about all of them.
    """

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        value = getattr(source, self.python_name)
        if self.empty_is_null:
            return value or None
        sound = self.sound
        return value if sound is None or value is None or sound(value) else None

    @property
    def empty_is_null(self) -> bool:
        """Whether an empty text is published as null."""
        return bool(self.metadata.get(_EMPTY_IS_NULL))

    @cached_property
    def sound(self) -> Callable[[Any], bool] | None:
        """Whether a value can be published; None where every value can, or where the field may not be null."""
        declared = self.type
        return _SOUND.get(declared.of_type) if isinstance(declared, StrawberryOptional) else None


def _fits_int(value: int) -> bool:
    return -_MAX_INT32 - 1 <= value <= _MAX_INT32


def _fits_datetime(value: int) -> bool:
    return 0 <= value <= LAST_SECOND


_SOUND: dict[object, Callable[[Any], bool]] = {float: isfinite, int: _fits_int, DateTime: _fits_datetime}


def attribute(description: str, *, weight: Weight = _NO_WEIGHT, empty_is_null: bool = False) -> Any:
    """A field that is an attribute of the published record; a text may be `empty_is_null`."""
    return Attribute(description=description, metadata={"weight": weight, _EMPTY_IS_NULL: empty_is_null})


def resolved(
    resolver: Callable[..., Any],
    type_: object,
    description: str,
    *,
    weight: Weight = _NO_WEIGHT,
    is_subscription: bool = False,
) -> Any:
    """A field of GraphQL type `type_` that a function computes from the record."""
    field = StrawberryField(
        python_name=None,
        type_annotation=StrawberryAnnotation.from_annotation(type_),
        description=description,
        metadata={"weight": weight},
        is_subscription=is_subscription,
    )
    field = field(resolver)
    for each in field.arguments:
        if each.default is None:
            # An argument that may be left out has no default in the schema; the resolver's own None stands in.
            each.default = UNSET
    return field


def published(record: type, name: str, description: str) -> Callable[[type], Any]:
    """Declare the class below as the GraphQL type `name`, whose source is `record`."""

    def declare(cls: type) -> Any:
        declared = strawberry.type(cls, name=name, description=description)
        PUBLISHED[declared] = record
        return declared

    return declare


def argument(description: str) -> Any:
    """The description of an argument, for `Annotated`."""
    return strawberry.argument(description=description)


First = Annotated[
    int | None, argument("How many to return from the start, 0 to 500; 50 if neither `first` nor `last` is given.")
]
Last = Annotated[int | None, argument("How many to return from the end, 0 to 500. Not together with `first`.")]
After = Annotated[str | None, argument("Return only items after this cursor, from the snapshot of the cursor.")]
Before = Annotated[str | None, argument("Return only items before this cursor, from the snapshot of the cursor.")]
AsOf = Annotated[
    DateTime | None,
    argument("Use the newest stored snapshot at or before this time instead of the newest one of all."),
]
