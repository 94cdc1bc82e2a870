"""A selection as a tree: the fields of each object, collected as graphql-core collects them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import (
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from schema.graphql.execution.compiled.arguments import ArgumentReader, Given
from schema.graphql.execution.compiled.errors import NotCompilable
from schema.graphql.execution.compiled.recipes import Call, Recipe, recipe_of
from schema.graphql.execution.compiled.survey import TYPENAME, Survey
from schema.graphql.execution.core import OutputType, named_type, type_of
from schema.graphql.execution.limits import MAX_FIELDS

Collected = dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]]
"""Selections as graphql-core's executor remembers them."""


@dataclass(slots=True, eq=False)
class Entry:
    """A selected field of an object.

    `key` is its name in the answer, `number` its place among all entries of the tree. `recipe` and `given` are None for
    `__typename`. `below` is what is selected in its value, None for leaves.
    """

    number: int
    key: str
    parent: GraphQLObjectType
    field: GraphQLField
    details: FieldDetailsList
    recipe: Recipe | None = None
    given: Given | None = None
    below: "Level | None" = None

    @property
    def type(self) -> OutputType:
        return type_of(self.field)

    @property
    def is_async(self) -> bool:
        return isinstance(self.recipe, Call) and self.recipe.is_async

    @property
    def is_plain(self) -> bool:
        """Whether nothing has to be awaited for its value, nor for anything in it."""
        return not self.is_async and self.holds_plain

    @property
    def is_fixed(self) -> bool:
        """Whether its value, and all that is selected in it, depends on nothing but its object."""
        if isinstance(self.recipe, Call):
            written = self.given is None or self.given.written is not None
            if self.is_async or self.recipe.info is not None or not written:
                return False
        return self.below is None or self.below.is_fixed

    @property
    def holds_plain(self) -> bool:
        """Whether nothing has to be awaited for what is selected in its value."""
        return self.below is None or self.below.is_plain


@dataclass(slots=True, eq=False)
class Level:
    """The selection of an object, in the order of the response. `number` is its position among all levels of the
    tree. `is_plain`: nothing in it has to be awaited. `is_fixed`: its values depend on nothing but the object."""

    number: int
    type: GraphQLObjectType
    grouped: GroupedFieldSet
    entries: list[Entry] = field(default_factory=list[Entry])
    is_plain: bool = True
    is_fixed: bool = True


class Tree(NamedTuple):
    """A whole selection. The first of its levels is the root."""

    levels: list[Level]
    entries: list[Entry]
    collected: Collected

    @property
    def root(self) -> Level:
        return self.levels[0]


class Selected(NamedTuple):
    """The source of a tree."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    surveyed: Survey
    reader: ArgumentReader


def tree_of(selected: Selected, variables: VariableValues) -> Tree:
    """The selection of an operation with the conditions in `variables`.

    Raises NotCompilable for more than 1,000 fields, counted at each use of a fragment, and for fields that `recipe_of`
    refuses.
    """
    return _Grower(selected, variables).tree()


def fragments_of(definitions: Mapping[str, FragmentDefinitionNode]) -> dict[str, FragmentDetails]:
    """The fragments as graphql-core's executor takes them."""
    return {name: FragmentDetails(definition) for name, definition in definitions.items()}


class _Grower:
    """Grows a tree from its root."""

    def __init__(self, selected: Selected, variables: VariableValues) -> None:
        self._selected = selected
        self._variables = variables
        self._fragments = fragments_of(selected.surveyed.fragments)
        self._tree = Tree([], [], {})

    def tree(self) -> Tree:
        schema, operation, surveyed, _ = self._selected
        found = collect_fields(schema, self._fragments, self._variables, surveyed.root, operation)
        self._level(surveyed.root, found.grouped_field_set)
        return self._tree

    def _level(self, type_: GraphQLObjectType, grouped: GroupedFieldSet) -> Level:
        level = Level(len(self._tree.levels), type_, grouped)
        self._tree.levels.append(level)
        level.entries = [self._entry(type_, key, details) for key, details in grouped.items()]
        level.is_plain = all(entry.is_plain for entry in level.entries)
        level.is_fixed = all(entry.is_fixed for entry in level.entries)
        return level

    def _entry(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList) -> Entry:
        node = details[0].node
        name = node.name.value
        declared = self._selected.schema.get_field(parent, name)
        if declared is None:
            raise NotCompilable(f"{parent.name} has no field {name}")
        entry = Entry(len(self._tree.entries), key, parent, declared, details)
        self._tree.entries.append(entry)
        if len(self._tree.entries) > MAX_FIELDS:
            raise NotCompilable(f"more than {MAX_FIELDS} fields are selected")
        if name != TYPENAME:
            entry.recipe = recipe_of(f"{parent.name}.{name}", declared)
            arguments = entry.recipe.arguments if isinstance(entry.recipe, Call) else []
            entry.given = self._selected.reader.given(declared, node, arguments)
        entry.below = self._below(entry)
        return entry

    def _below(self, entry: Entry) -> Level | None:
        type_ = named_type(entry.type)
        if not isinstance(type_, GraphQLObjectType):
            return None
        schema, operation, _, _ = self._selected
        found = collect_subfields(schema, self._fragments, self._variables, operation, type_, entry.details)
        self._tree.collected[type_, id(entry.details)] = (entry.details, found)
        return self._level(type_, found.grouped_field_set)
