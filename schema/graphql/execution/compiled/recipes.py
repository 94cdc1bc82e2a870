"""How a field gets its value, derived from the declaration of the Strawberry field."""

import keyword
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from schema.graphql.execution.compiled.errors import NotCompilable
from schema.graphql.types.fields import Attribute

_STRAWBERRY_RESOLVER = "GraphQLCoreConverter.from_resolver.<locals>."


class Load(NamedTuple):
    """The value is an attribute of the object. Where `sound` is set and does not hold for it, the value is null.

    With `empty_is_null`, so is an empty text.
    """

    name: str
    sound: Callable[[Any], bool] | None
    empty_is_null: bool = False


class Call(NamedTuple):
    """The value is what a function returns.

    `sources` are the names of its parameters that take the object, `info` of that which takes the `Info`.
    """

    field: StrawberryField
    function: Callable[..., Any]
    sources: tuple[str, ...]
    info: str | None
    arguments: list[StrawberryArgument]
    is_async: bool


Recipe = Load | Call


def recipe_of(name: str, field: GraphQLField) -> Recipe:
    """How to get the value of a field. `name` is for the message. Raises NotCompilable for unknown kinds."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    made_by = getattr(field.resolve, "__qualname__", "")
    if not isinstance(declared, StrawberryField) or not made_by.startswith(_STRAWBERRY_RESOLVER):
        raise NotCompilable(f"{name} is not resolved by Strawberry")
    if declared.extensions or declared.permission_classes or declared.is_subscription:
        raise NotCompilable(f"{name} has extensions, permissions or a stream")
    if type(declared) is Attribute:
        return Load(_identifier(name, declared.python_name), declared.sound, declared.empty_is_null)
    if type(declared) is not StrawberryField:
        raise NotCompilable(f"{name} is declared by {type(declared).__name__}, expected Attribute or StrawberryField")
    resolver = cast("StrawberryResolver[Any] | None", cast("Any", declared).base_resolver)
    if resolver is not None:
        return _call(name, declared, resolver)
    if declared.default_resolver is not getattr:
        raise NotCompilable(f"{name} has a default resolver of its own")
    return Load(_identifier(name, declared.python_name), None)


def _call(name: str, declared: StrawberryField, resolver: StrawberryResolver[Any]) -> Call:
    function: object = cast("Any", resolver).wrapped_func
    if resolver.self_parameter is not None or not callable(function):
        raise NotCompilable(f"{name} is resolved by a method, expected a function")
    parents = (resolver.parent_parameter, resolver.root_parameter)
    sources = {parameter.name: None for parameter in parents if parameter is not None}
    info = resolver.info_parameter
    return Call(
        field=declared,
        function=cast("Callable[..., Any]", function),
        sources=tuple(_identifier(name, source) for source in sources),
        info=_identifier(name, info.name) if info is not None else None,
        arguments=declared.arguments,
        is_async=declared.is_async,
    )


def _identifier(name: str, text: str) -> str:
    """A name of our own code, which becomes part of generated code."""
    if not text.isidentifier() or keyword.iskeyword(text):
        raise NotCompilable(f"{name} is named {text!r} in Python, expected an identifier")
    return text
