"""Limits on the shape of a document, checked before any other validation.

Each fragment is measured once, so time is linear in the document's size. Nevertheless, fragments that spread each other
count with their full, multiplied size.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    ValidationContext,
    ValidationRule,
)
from graphql.language import SelectionNode

from schema.graphql.execution.errors import ErrorCode

MAX_TOKENS = 2_000
MAX_DEPTH = 10
MAX_FIELDS = 1_000
MAX_ALIASES = 30
MAX_DIRECTIVES = 20
MAX_OPERATIONS = 10
# Pairs of selections with one response name, which validation compares with each other.
MAX_PAIRS = 2_000
# The maximum number of reported errors: enough for a reader, without amplifying the client's input.
MAX_ERRORS = 5

INTROSPECTION = frozenset({"__schema", "__type"})
_CEILING = 10**9  # sums stop here, because nested fragments can make them huge, and big integers are slow


class Shape(NamedTuple):
    """The size of a selection. Fragments count at each spread."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0


class DocumentLimits(ValidationRule):
    """Refuses documents beyond the limits on operations, depth, fields, aliases, directives and pairs.

    Fragments that spread themselves and unused fragments are refused here too, because other rules visit them, but no
    limit would bound their size. `__schema` and `__type` are exempt from depth, because the standard introspection
    query is deep; graphql-core bounds how they may be nested.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        operations = [d for d in context.document.definitions if isinstance(d, OperationDefinitionNode)]
        if not self._allows(operations, "operations", len(operations), MAX_OPERATIONS):
            return
        measure = _Measure(context)
        for operation in operations:
            measure.operation(operation)
        for name, fragment in measure.fragments.items():
            if name in measure.cyclic or name not in measure.reached:
                fault = (
                    "Cannot spread fragment '{}' within itself."
                    if name in measure.cyclic
                    else "Fragment '{}' is never used."
                )
                self.report_error(GraphQLError(fault.format(name), fragment))
                return
        for operation in operations:
            shape = measure.operation(operation)
            limits = (
                ("depth", shape.depth, MAX_DEPTH),
                ("fields", shape.fields, MAX_FIELDS),
                ("aliases", shape.aliases, MAX_ALIASES),
                ("directives", shape.directives, MAX_DIRECTIVES),
            )
            # Only the first exceeded limit is reported; the others are not checked.
            if all(self._allows([operation], name, value, limit) for name, value, limit in limits):
                self._check_pairs(operation, _Pairs(measure.fragments).within([operation.selection_set]))

    def _check_pairs(self, operation: OperationDefinitionNode, pairs: int) -> None:
        if pairs > MAX_PAIRS:
            text = f"Selections with one name come to {pairs} pairs, expected at most {MAX_PAIRS}; select a field once."
            self.report_error(GraphQLError(text, operation, extensions={"limit": MAX_PAIRS}))

    def _allows(self, nodes: Sequence[OperationDefinitionNode], name: str, value: int, limit: int) -> bool:
        if value <= limit:
            return True
        found = str(value) if value < _CEILING else f"over {_CEILING}"
        extensions = {"code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value, "limited": name, "limit": limit}
        message = f"The document's {name} come to {found}, expected at most {limit}."
        self.report_error(GraphQLError(message, nodes[:1], extensions=extensions))
        return False


def broken_limits(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """The errors of a document that is beyond the limits, at most MAX_ERRORS.

    The rule reads the document directly, because graphql-core's visitor would take as long as another rule.
    """
    errors: list[GraphQLError] = []
    DocumentLimits(ValidationContext(schema, document, TypeInfo(schema), errors.append))
    return errors[:MAX_ERRORS]


class _Measure:
    """Measures selections of one document, each fragment once."""

    def __init__(self, context: ValidationContext) -> None:
        self.fragments = {
            definition.name.value: definition
            for definition in context.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.reached: set[str] = set()
        self.cyclic: set[str] = set()
        self._known: dict[str, Shape] = {}

    def operation(self, node: OperationDefinitionNode) -> Shape:
        own = len(node.directives or ()) + sum(len(v.directives or ()) for v in node.variable_definitions or ())
        inner = self._selections(node.selection_set)
        return inner._replace(directives=min(inner.directives + own, _CEILING))

    def _selections(self, selection_set: SelectionSetNode | None) -> Shape:
        depth = fields = aliases = directives = 0
        for node in selection_set.selections if selection_set is not None else ():
            shape = self._selection(node)
            depth = max(depth, shape.depth)
            fields += shape.fields
            aliases += shape.aliases
            directives += shape.directives
        return Shape(depth, min(fields, _CEILING), min(aliases, _CEILING), min(directives, _CEILING))

    def _selection(self, node: SelectionNode) -> Shape:
        own = len(node.directives or ())
        if isinstance(node, FragmentSpreadNode):
            inner = self._fragment(node.name.value)
            return inner._replace(directives=inner.directives + own)
        inner = self._selections(getattr(node, "selection_set", None))
        if not isinstance(node, FieldNode):
            return inner._replace(directives=inner.directives + own)
        return Shape(
            depth=0 if node.name.value in INTROSPECTION else inner.depth + 1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives + own,
        )

    def _fragment(self, name: str) -> Shape:
        """The fragment's shape. Empty for one that does not exist or spreads itself, because those are refused."""
        known = self._known.get(name)
        if known is not None:
            return known
        if name in self.reached:  # it is being measured
            self.cyclic.add(name)
            return Shape()
        fragment = self.fragments.get(name)
        if fragment is None:
            return Shape()
        self.reached.add(name)
        inner = self._selections(fragment.selection_set)
        found = inner._replace(directives=inner.directives + len(fragment.directives or ()))
        self._known[name] = found
        return found


class _Pairs:
    """Counts the pairs of selections with one response name, including those of their own selections.

    A selection is visited as often as it counts as a field, so the limit on fields bounds the work.
    """

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments

    def within(self, selected: Iterable[SelectionSetNode]) -> int:
        named: dict[str, list[SelectionSetNode | None]] = {}
        for selection_set in selected:
            self._collect(selection_set, named)
        pairs = 0
        for below in named.values():
            pairs += len(below) * (len(below) - 1) // 2
            if pairs > MAX_PAIRS:
                break
            pairs += self.within([each for each in below if each is not None])
        return pairs

    def _collect(self, selection_set: SelectionSetNode, named: dict[str, list[SelectionSetNode | None]]) -> None:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                named.setdefault((node.alias or node.name).value, []).append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.get(node.name.value)
                if fragment is not None:
                    self._collect(fragment.selection_set, named)
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set, named)
