"""What an operation costs, told before it runs: from the document, its variables, and the weights of the fields.

A field costs 1 and what its weight says; what is selected in a list counts as often as the list is long. A connection
multiplies its `edges` and `nodes` by the page, a history its `points` by their number, other lists by what is usual.
A field that reads the store for each object may stand in lists of at most 20. Each fragment is costed once: time is
linear in the document.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    value_from_ast_untyped,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from schema.graphql.fields import Terms, weight_of

BUDGET = 25_000
MAX_READING_PAGE = 20
# A list of objects whose length nothing tells.
USUAL_LENGTH = 5

_CEILING = 10**12


class Cost(NamedTuple):
    """What a selection costs.

    `fixed` counts once, `paged` once for each item of the page that the selection belongs to. `reads` and `paged_reads`
    say, likewise, for how many objects the store is asked, for the field of which that is most.
    """

    fixed: int = 0
    paged: int = 0
    reads: int = 0
    paged_reads: int = 0


def cost_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
    terms: Terms,
) -> Cost:
    """The cost of a valid operation: its `fixed` is the sum to hold against the budget.

    `variables` are as the request gives them. What is wrong with them costs nothing: it ends in an error anyway.
    """
    return _Estimate(schema, document, operation, variables, terms).total()


class _Estimate:
    """Costs one operation, each fragment once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
        terms: Terms,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._terms = terms
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[str, Cost] = {}
        self._variables = _with_defaults(operation, variables)

    def total(self) -> Cost:
        root = self._schema.get_root_type(self._operation.operation)
        return self._selections(self._operation.selection_set, root)

    def _selections(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Cost:
        total = Cost()
        for node in selection_set.selections if selection_set is not None else ():
            if isinstance(node, FieldNode):
                found = self._field(node, parent)
            elif isinstance(node, FragmentSpreadNode):
                found = self._fragment(node.name.value)
            else:
                found = self._selections(getattr(node, "selection_set", None), parent)
            total = _sum(total, found)
        return total

    def _fragment(self, name: str) -> Cost:
        if name not in self._known and name in self._fragments:
            self._known[name] = Cost()
            fragment = self._fragments[name]
            parent = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self._selections(fragment.selection_set, parent)
        return self._known.get(name, Cost())

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Cost:
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        if field is None:
            return Cost(fixed=1)  # __typename, and introspection, which has a limit of its own
        weight = weight_of(field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF))
        inner = self._selections(node.selection_set, _named_type(field))
        given = {argument.name.value: self._value(argument.value) for argument in node.arguments or ()}
        if weight.items is not None:
            length = weight.items(given, self._terms)
        else:
            length = USUAL_LENGTH if node.selection_set is not None and not weight.paged and _is_list(field) else 1
        if weight.paged:
            return Cost(weight.base, length * inner.fixed, 0, length * inner.reads)
        page = weight.page(given, self._terms) if weight.page is not None else 0
        base = weight.base + (weight.more(given) if weight.more is not None else 0)
        return Cost(
            fixed=min(base + length * (inner.fixed + page * inner.paged), _CEILING),
            reads=min(weight.reads + length * max(inner.reads, page * inner.paged_reads), _CEILING),
        )

    def _value(self, node: ValueNode) -> object:
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        return _literal(node)


def _with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, object]) -> dict[str, object]:
    defaults = {
        definition.variable.name.value: _literal(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    return {**defaults, **variables}


def _literal(node: ValueNode) -> object:
    """A value as it is written."""
    return cast("object", value_from_ast_untyped(node))


def _named_type(field: GraphQLField) -> GraphQLNamedType | None:
    return cast("GraphQLNamedType | None", get_named_type(cast("Any", field).type))


def _is_list(field: GraphQLField) -> bool:
    return str(cast("Any", field).type).startswith("[")


def _sum(one: Cost, other: Cost) -> Cost:
    return Cost(
        fixed=min(one.fixed + other.fixed, _CEILING),
        paged=min(one.paged + other.paged, _CEILING),
        reads=max(one.reads, other.reads),
        paged_reads=max(one.paged_reads, other.paged_reads),
    )
