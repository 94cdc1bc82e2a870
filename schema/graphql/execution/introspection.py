"""Introspection: results are counted field by field, and written in a fraction of graphql-core's time.

The schema never changes, so a result can be computed while its operation is priced, and cached. Its price is the number
of its fields. The computation stops when that exceeds the budget. The resolvers are graphql-core's own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    is_input_object_type,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

from schema.graphql.execution.core import OutputType, coerce_variables, named_type, type_of, wrapped

TYPENAME = "__typename"
META_FIELDS: Mapping[str, GraphQLField] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


class TooLarge(Exception):
    """The result has too many fields."""


class NotOurs(Exception):
    """The operation selects more than the schema, or its variables are invalid."""


class Introspected(NamedTuple):
    """The value of an introspection field, and its total number of fields."""

    value: Any
    fields: int


class _Entry(NamedTuple):
    key: str
    resolve: Callable[..., Any]
    arguments: dict[str, Any]
    write: Callable[[Any], Introspected]


class _Info(NamedTuple):
    schema: GraphQLSchema


def asks_about_schema(document: DocumentNode) -> bool:
    """Whether an operation of a document may select the schema at its root, directly or by a fragment."""
    left: list[SelectionSetNode] = [
        d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode | OperationDefinitionNode)
    ]
    while left:
        for node in left.pop().selections:
            if isinstance(node, InlineFragmentNode):
                left.append(node.selection_set)
            elif isinstance(node, FieldNode) and node.name.value in META_FIELDS:
                return True
    return False


class Introspection:
    """Answers the introspection fields of one operation, with its variables.

    Raises TooLarge for more than `limit` fields.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
        limit: int,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._given = variables
        self._limit = limit
        self._info = _Info(schema)
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._taken = 0
        # The values of root fields, by the function that writes them and their arguments.
        self._roots: dict[tuple[object, ...], Introspected] = {}
        self._writers: dict[tuple[str, ...], Callable[[Any], Introspected]] = {}

    def count(self, node: FieldNode) -> int:
        """The number of fields that `__schema` or `__type` has in the response.

        It is 1 if variables are wrong, because execution then fails. Raises GraphQLError for an argument without a
        value, which would otherwise be an error of each object that has it.
        """
        try:
            _ = self._variables
        except NotOurs:
            return 1
        return self._entry(node.name.value, META_FIELDS[node.name.value], [node]).write(self._schema).fields

    def whole(self) -> dict[str, Any] | None:
        """The data of an operation that selects only introspection. None if it selects more, or has an error."""
        root = self._schema.query_type
        try:
            collected = self._collected(root, [self._operation.selection_set])
            return {key: self._root(root, nodes) for key, nodes in collected.items()}
        except NotOurs:
            return None

    def _root(self, root: Any, nodes: list[FieldNode]) -> Any:
        name = nodes[0].name.value
        if name == TYPENAME:
            return root.name
        if name not in META_FIELDS:
            raise NotOurs
        return self._entry(nodes[0].name.value, META_FIELDS[name], nodes).write(self._schema).value

    @cached_property
    def _variables(self) -> VariableValues:
        coerced = coerce_variables(self._schema, self._operation.variable_definitions or (), dict(self._given), 1)
        if isinstance(coerced, list):
            raise NotOurs
        return coerced

    def _collected(self, parent: Any, selected: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()

        def collect(selection_set: SelectionSetNode) -> None:
            for node in selection_set.selections:
                if not self._wanted(node):
                    continue
                if isinstance(node, FieldNode):
                    found.setdefault((node.alias or node.name).value, []).append(node)
                elif isinstance(node, InlineFragmentNode):
                    if node.type_condition is None or node.type_condition.name.value == parent.name:
                        collect(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self._fragments[node.name.value]
                    if fragment.type_condition.name.value == parent.name:
                        collect(fragment.selection_set)

        for each in selected:
            collect(each)
        return found

    def _wanted(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and (include is None or include["if"] is True)

    def _entry(self, key: str, field: GraphQLField, nodes: list[FieldNode]) -> _Entry:
        arguments = get_argument_values(field, nodes[0], self._variables) if field.args else {}
        resolve = _is_one_of if nodes[0].name.value == "isOneOf" else cast("Callable[..., Any]", field.resolve)
        if key in META_FIELDS:
            return _Entry(
                key, resolve, arguments, self._rooted(resolve, arguments, self._writer(type_of(field), nodes))
            )
        return _Entry(key, resolve, arguments, self._writer(type_of(field), nodes))

    def _rooted(
        self, resolve: Callable[..., Any], arguments: dict[str, Any], write: Callable[[Any], Introspected]
    ) -> Callable[[Any], Introspected]:
        key = (write, *sorted(arguments.items()))

        def write_root(source: Any) -> Introspected:
            found = self._roots.get(key)
            if found is None:
                value, fields = write(resolve(source, self._info, **arguments))
                found = self._roots[key] = Introspected(value, fields + 1)
            else:
                self._take(found.fields)
            return found

        return write_root

    def _writer(self, type_: OutputType, nodes: list[FieldNode]) -> Callable[[Any], Introspected]:
        """A function that writes values of a type."""
        if isinstance(type_, GraphQLNonNull):
            return self._writer(wrapped(type_), nodes)
        if isinstance(type_, GraphQLList):
            return _lists(self._writer(wrapped(type_), nodes))
        if is_leaf_type(type_):
            serialize = cast("Any", type_).serialize
            return lambda value: Introspected(None if value is None else serialize(value), 0)
        return self._objects(cast("GraphQLObjectType", named_type(type_)), nodes)

    def _objects(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> Callable[[Any], Introspected]:
        """A function that writes objects. Selections of the same text share it, and its results."""
        selected = [node.selection_set for node in nodes if node.selection_set is not None]
        key = (kind.name, *map(_text_of, selected))
        if key not in self._writers:
            self._writers[key] = self._new_objects(kind, selected)
        return self._writers[key]

    def _new_objects(
        self, kind: GraphQLObjectType, selected: Sequence[SelectionSetNode]
    ) -> Callable[[Any], Introspected]:
        entries: list[_Entry] = []
        for key, below in self._collected(kind, selected).items():
            name = below[0].name.value
            if name == TYPENAME:
                entries.append(_Entry(key, _name_of(kind), {}, _as_it_is))
            else:
                entries.append(self._entry(key, kind.fields[name], below)._replace(key=key))
        known: dict[int, Introspected] = {}
        shared = kind.name == "__Type"  # types occur repeatedly, and they exist permanently

        def write_object(source: Any) -> Introspected:
            if source is None:
                return _NULL
            found = known.get(id(source)) if shared else None
            if found is None:
                found = self._written(entries, source)
                if shared:
                    known[id(source)] = found
            else:
                self._take(found.fields)
            return found

        return write_object

    def _written(self, entries: Sequence[_Entry], source: Any) -> Introspected:
        self._take(len(entries))
        fields = len(entries)
        written: dict[str, Any] = {}
        info = self._info
        for key, resolve, arguments, write in entries:
            written[key], below = write(resolve(source, info, **arguments))
            fields += below
        return Introspected(written, fields)

    def _take(self, fields: int) -> None:
        self._taken += fields
        if self._taken > self._limit:
            raise TooLarge


_NULL = Introspected(None, 0)


def _text_of(node: SelectionSetNode) -> str:
    """A selection as written."""
    loc = node.loc
    return loc.source.body[loc.start : loc.end] if loc is not None else str(id(node))


def _is_one_of(type_: Any, info: Any) -> bool | None:
    """Strawberry's own resolver fails for lists and types that are not null."""
    return getattr(type_, "is_one_of", None) if is_input_object_type(type_) else None


def _as_it_is(value: Any) -> Introspected:
    return Introspected(value, 0)


def _name_of(kind: GraphQLObjectType) -> Callable[..., str]:
    def name(source: Any, info: Any) -> str:
        return kind.name

    return name


def _lists(write: Callable[[Any], Introspected]) -> Callable[[Any], Introspected]:
    def write_list(values: Iterable[Any] | None) -> Introspected:
        if values is None:
            return _NULL
        fields, written = 0, list[Any]()
        for value in values:
            item, below = write(value)
            written.append(item)
            fields += below
        return Introspected(written, fields)

    return write_list
