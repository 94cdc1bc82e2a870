"""Decides from the text whether an operation can be compiled, and which variables affect the selection."""

from collections.abc import Iterable
from typing import NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    is_leaf_type,
)

from schema.graphql.execution.compiled.errors import NotCompilable
from schema.graphql.execution.compiled.recipes import recipe_of
from schema.graphql.execution.core import named_type, type_of

_CONDITIONS = frozenset({GraphQLSkipDirective.name, GraphQLIncludeDirective.name})
TYPENAME = "__typename"


class Survey(NamedTuple):
    """The input for compiling an operation. `switches` are the variables of `@skip` and `@include`, sorted."""

    root: GraphQLObjectType
    fragments: dict[str, FragmentDefinitionNode]
    switches: tuple[str, ...]


def survey(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Survey:
    """Check everything that the operation can select. Raises NotCompilable at the first unknown part."""
    root = schema.get_root_type(operation.operation)
    if operation.operation is not OperationType.QUERY or root is None:
        raise NotCompilable(f"{operation.operation.value} is not compiled, expected a query")
    if operation.directives:
        raise NotCompilable("the operation has directives")
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    surveyor = _Surveyor(schema, fragments)
    surveyor.selections(operation.selection_set, root)
    return Survey(root, fragments, tuple(sorted(surveyor.switches)))


class _Surveyor:
    """Walks selections, each fragment once."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self.switches: set[str] = set()
        self._schema = schema
        self._fragments = fragments
        self._seen: set[str] = set()

    def selections(self, selected: SelectionSetNode, parent: GraphQLObjectType) -> None:
        for node in selected.selections:
            self._conditions(node.directives)
            match node:
                case FieldNode():
                    self._field(node, parent)
                case InlineFragmentNode(type_condition=condition):
                    self.selections(node.selection_set, self._type(condition.name.value) if condition else parent)
                case FragmentSpreadNode():
                    self._spread(node)
                case _:
                    raise NotCompilable(f"{type(node).__name__} is no selection that is known here")

    def _conditions(self, directives: Iterable[DirectiveNode] | None) -> None:
        for directive in directives or ():
            if directive.name.value not in _CONDITIONS:
                raise NotCompilable(f"@{directive.name.value} is not known here")
            values = [argument.value for argument in directive.arguments or ()]
            self.switches.update(value.name.value for value in values if isinstance(value, VariableNode))

    def _field(self, node: FieldNode, parent: GraphQLObjectType) -> None:
        name = node.name.value
        if name == TYPENAME:
            return
        field = parent.fields.get(name)
        if field is None:
            raise NotCompilable(f"{parent.name} has no field {name} that is known here")
        recipe_of(f"{parent.name}.{name}", field)
        kind = named_type(type_of(field))
        if node.selection_set is not None:
            self.selections(node.selection_set, self._type(kind.name))
        elif not is_leaf_type(kind):
            raise NotCompilable(f"{parent.name}.{name} selects nothing of {kind}")

    def _spread(self, node: FragmentSpreadNode) -> None:
        name = node.name.value
        fragment = self._fragments.get(name)
        if fragment is None or fragment.variable_definitions or node.arguments:
            raise NotCompilable(f"the fragment {name} is missing, or has variables")
        if fragment.directives:
            raise NotCompilable(f"the fragment {name} has directives")
        if name not in self._seen:
            self._seen.add(name)
            self.selections(fragment.selection_set, self._type(fragment.type_condition.name.value))

    def _type(self, name: str) -> GraphQLObjectType:
        """The object type of this name. graphql-core decides the type of a value of an abstract type."""
        found = self._schema.get_type(name)
        if not isinstance(found, GraphQLObjectType) or found.is_type_of is not None:
            raise NotCompilable(f"{name} is abstract, or tells by itself what belongs to it")
        return found
