"""Computes the cost of an operation before it runs, from the document, its variables and the weights of the fields.

A field costs 1 plus its weight. The selection in a list counts once for each item. A connection multiplies its `edges`
and `nodes` by the page size, a history its `points` by their number, and other lists by their usual length. A field
that reads the store for each object may be in lists of at most 20 items. Filters, orders and figures count the nodes
that they read (`schema.graphql.types.prices`). Each past snapshot that `asOf` or a cursor names counts once, however
many fields read it. Each fragment is costed once, so time is linear in the document and in
the values of its arguments, which are bounded (`schema.graphql.execution.inputs`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from schema.graphql.execution.errors import ErrorCode
from schema.graphql.execution.inputs import refused, value_of, with_defaults
from schema.graphql.execution.introspection import META_FIELDS, Introspection
from schema.graphql.types.fields import Arguments, Terms, weight_of
from schema.graphql.types.moments import AS_OF, load_cost, moments_in
from schema.graphql.types.prices import ERROR_COST, UNCOMPILED_FACTOR

BUDGET = 25_000
MAX_READING_PAGE = 20
# The assumed length of a list of objects if it is not known.
USUAL_LENGTH = 5

# A cursor is searched in the order of its list, even if nothing of the page is selected.
_CURSORS = frozenset({"after", "before"})
_CEILING = 10**12
_NOTHING: Arguments = {}


class Cost(NamedTuple):
    """The cost of a selection.

    `fixed` counts once, `paged` once for each item of the page that the selection belongs to. In the same way, `reads`
    and `paged_reads` are the numbers of objects for which the store is read, for the field that reads most. `errors`
    counts the fields that are an error of the object that they are selected on. `in_order` says whether a field needs
    the order of the list that it belongs to.
    """

    fixed: int = 0
    paged: int = 0
    reads: int = 0
    paged_reads: int = 0
    errors: int = 0
    in_order: bool = False


def cost_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
    terms: Terms,
) -> Cost:
    """The cost of a valid operation: `fixed` is compared with the budget.

    `variables` are as the request gives them. Values of wrong types cost nothing, because they end in an error. Raises
    GraphQLError for an argument with too many values, and TooLarge for introspection with too many fields.
    """
    return _Estimate(schema, document, operation, variables, terms).total()


class _Estimate:
    """Computes the cost of one operation, each fragment once."""

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
        self._variables = with_defaults(operation, variables)
        self._root = schema.get_root_type(operation.operation)
        self._has_data = False
        self._moments: set[int] = set()
        self._introspection: Introspection | None = None
        self._introspect = lambda: Introspection(schema, document, operation, variables, BUDGET)

    def total(self) -> Cost:
        found = self._selections(self._operation.selection_set, self._root)
        loads = load_cost(len(self._moments), self._terms)
        compiled = self._operation.operation is OperationType.QUERY and not (self._has_data and self._introspection)
        fixed = found.fixed if compiled else found.fixed * UNCOMPILED_FACTOR
        return found._replace(fixed=fixed + loads)

    def _selections(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Cost:
        total = Cost()
        for node in selection_set.selections if selection_set is not None else ():
            if node.directives:
                self._check_switches(node.directives)
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
            return self._meta_field(node)
        self._has_data = self._has_data or parent is self._root
        weight = weight_of(field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF))
        inner = _completed(self._selections(node.selection_set, _named_type(field)))
        given = self._arguments(node) if node.arguments else _NOTHING
        if AS_OF in field.args:
            self._moments |= moments_in(given, self._terms)
        if weight.items is not None:
            length = weight.items(given, self._terms)
        else:
            length = USUAL_LENGTH if node.selection_set is not None and not weight.paged and _is_list(field) else 1
        if weight.paged:
            return Cost(weight.base, length * inner.fixed, 0, length * inner.reads, in_order=True)
        page = weight.page(given, self._terms) if weight.page is not None else 0
        base = weight.base + (weight.more(given, self._terms) if weight.more is not None else 0)
        if weight.order is not None and (inner.in_order or not given.keys().isdisjoint(_CURSORS)):
            base += weight.order(given, self._terms)
        base += weight.reading(given, self._terms) if weight.reading is not None else 0
        return Cost(
            fixed=min(base + length * (inner.fixed + page * inner.paged), _CEILING),
            paged=weight.each,
            reads=min(weight.reads + length * max(inner.reads, page * inner.paged_reads), _CEILING),
            errors=weight.invalid is not None and weight.invalid(given),
            in_order=weight.in_order,
        )

    def _meta_field(self, node: FieldNode) -> Cost:
        """`__typename` and introspection, which counts the fields of its result."""
        if node.name.value not in META_FIELDS:
            return Cost(fixed=1)
        self._introspection = self._introspection or self._introspect()
        return Cost(fixed=self._introspection.count(node))

    def _check_switches(self, directives: Sequence[DirectiveNode]) -> None:
        """Raise GraphQLError for a condition that is null, which would be an error of each object that has it."""
        for directive in directives:
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode) and self._variables.get(argument.value.name.value) is None:
                    text = f"${argument.value.name.value} of @{directive.name.value} is null, expected true or false"
                    raise GraphQLError(text, directive, extensions={"code": ErrorCode.BAD_USER_INPUT.value})

    def _arguments(self, node: FieldNode) -> Arguments:
        """The arguments of a field, bounded. Raises GraphQLError for one with too many values."""
        given = {argument.name.value: value_of(argument.value, self._variables) for argument in node.arguments or ()}
        for name, value in given.items():
            error = refused(f"{node.name.value}.{name}", value)
            if error is not None:
                raise error
        return given


def _completed(cost: Cost) -> Cost:
    """The cost of an object: with a field in error, graphql-core executes it instead of compiled code."""
    if not cost.errors:
        return cost
    return cost._replace(fixed=cost.fixed * UNCOMPILED_FACTOR + cost.errors * ERROR_COST, errors=0)


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
        errors=min(one.errors + other.errors, _CEILING),
        in_order=one.in_order or other.in_order,
    )
