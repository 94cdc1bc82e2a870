"""One execution: graphql-core's executor, with generated functions in place of its work on each object."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast
from weakref import ref

import strawberry
from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FragmentDetails, GroupedFieldSet
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, gather_with_cancel
from graphql.type import GraphQLResolveInfoHelpers

from schema.graphql.execution.compiled.arguments import ArgumentReader, Arguments
from schema.graphql.execution.compiled.plan import Entry, Level, Tree
from schema.graphql.execution.compiled.recipes import Call
from schema.graphql.execution.compiled.rows import RowStore
from schema.graphql.execution.compiled.source import Write, functions_of
from schema.graphql.execution.core import Result, default_field_resolver, default_type_resolver, is_awaitable


class Step:
    """A level with its function, and the entries that are awaited or executed field by field.

    `asking` are the entries whose arguments can be invalid. They must be known before any field is started.
    """

    __slots__ = ("asking", "others", "write")

    def __init__(self, level: Level, write: Write) -> None:
        self.write = write
        self.others = [entry for entry in level.entries if not entry.is_plain]
        self.asking = [e.number for e in self.others if e.is_async and e.given is not None and e.given.written is None]


class Program:
    """A tree, compiled. `steps` are by the identity of what graphql-core collected for the level."""

    def __init__(self, tree: Tree, store: RowStore | None = None) -> None:
        functions = functions_of(tree, store)
        self.tree = tree
        self.values = functions.values
        self.steps = {
            id(level.grouped): Step(level, write) for level, write in zip(tree.levels, functions.levels, strict=True)
        }

    @property
    def gathers(self) -> bool:
        """Whether it awaits several things at the same time."""
        awaited = [entry for entry in self.tree.root.entries if not entry.is_plain]
        return len(awaited) > 1 or not all(entry.holds_plain for entry in awaited)

    @property
    def size(self) -> int:
        """Number of its fields."""
        return len(self.tree.entries)


class Setting(NamedTuple):
    """The state that all executions of an operation share. `count_left` runs for each object left to graphql-core."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    reader: ArgumentReader
    info_class: type[strawberry.Info[Any, Any]]
    count_left: Callable[[], None]


class ContextOnly:
    """A placeholder for graphql-core's info of a field. A function that needs more of it is called again with the real
    one."""

    __slots__ = ("context",)

    def __init__(self, context: object) -> None:
        self.context = context


class Run(Executor[Any]):
    """Executes a program once."""

    def __init__(self, setting: Setting, program: Program, context: object, variables: VariableValues) -> None:
        cast("Any", super()).__init__(
            setting.schema,
            setting.definitions,
            setting.fragments,
            None,
            context,
            setting.operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
        )
        self.async_helpers = _helpers_of(ref(self))
        self._relevant_sub_fields = program.tree.collected
        self._setting = setting
        self._program = program
        self._read: dict[int, Arguments] = {}

    def answer(self) -> Result:
        """The result, as graphql-core's `execute_operation` gives it."""
        root = self._program.tree.root
        try:
            data = self.execute_fields(root.type, None, None, root.grouped, None)
        except GraphQLError as error:
            return self._failed(error)
        return self._answer_later(data) if is_awaitable(data) else self._answered(data)

    async def _answer_later(self, awaited: Awaitable[Any]) -> ExecutionResult:
        try:
            data = await awaited
        except GraphQLError as error:
            return self._failed(error)
        return self._answered(data)

    def _failed(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return self._answered(None)

    def _answered(self, data: Any) -> ExecutionResult:
        return ExecutionResult(data, self.collected_errors.errors or None)

    def info(self, number: int) -> strawberry.Info[Any, Any]:
        """The info of a field that is not awaited."""
        return self._info(self._program.tree.entries[number], ContextOnly(self.context_value))

    def arguments(self, number: int) -> Arguments:
        """The arguments of a field that depend on variables. They are the same for all of its objects."""
        found = self._read.get(number)
        if found is None:
            given = self._program.tree.entries[number].given
            if given is None:
                raise LookupError(f"the field {number} takes no arguments")
            found = self._read[number] = self._setting.reader.read(given, self.variable_values)
        return found

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """The fields of an object, by its function, or by graphql-core if that raises."""
        step = self._program.steps[id(grouped_field_set)]
        try:
            results = step.write(source_value, self)
            for number in step.asking:
                self.arguments(number)
        except Exception:  # noqa: BLE001  (whatever it is, graphql-core turns it into an error)
            self._setting.count_left()
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        return self._with_others(step, results, source_value, path) if step.others else results

    def _with_others(self, step: Step, results: dict[str, Any], source: Any, path: Path | None) -> Any:
        """The fields that a function has written, with the remaining ones: started in order, then awaited together."""
        pending: list[str] = []
        try:
            for entry in step.others:
                result = results[entry.key] = self._begun(entry, source, Path(path, entry.key, entry.parent.name))
                if is_awaitable(result):
                    pending.append(entry.key)
        except Exception:
            if pending:
                self.settle_in_background([results[key] for key in pending])
            raise
        return _all(results, pending) if pending else results

    def _begun(self, entry: Entry, source: Any, path: Path) -> Any:
        if entry.is_async:
            return self._awaited(entry, source, path)
        return cast("Any", self).execute_field(entry.parent, source, entry.details, path, None)

    async def _awaited(self, entry: Entry, source: Any, path: Path) -> Any:
        """The value of a field whose function is asynchronous, completed."""
        core = cast("Any", self)
        try:
            nodes = [details.node for details in entry.details]
            info = core.build_resolve_info(entry.field, nodes, entry.parent, path)
            value = await self._called(entry, source, info)
            return await self._completed(entry, info, path, value)
        except Exception as error:  # noqa: BLE001  (whatever it is, it becomes an error of the response)
            core.handle_field_error(error, entry.type, entry.details, path)
            return None

    def _called(self, entry: Entry, source: Any, info: Any) -> Awaitable[Any]:
        call = cast("Call", entry.recipe)
        given: dict[str, Any] = dict.fromkeys(call.sources, source)
        if call.info is not None:
            given[call.info] = self._info(entry, info)
        written = entry.given.written if entry.given is not None else None
        return call.function(**given, **(self.arguments(entry.number) if written is None else written))

    def _info(self, entry: Entry, raw: Any) -> strawberry.Info[Any, Any]:
        return self._setting.info_class(_raw_info=raw, _field=cast("Call", entry.recipe).field)

    async def _completed(self, entry: Entry, info: Any, path: Path, value: Any) -> Any:
        write = self._program.values.get(entry.number)
        if write is not None:
            try:
                return write(value, self)
            except Exception:  # noqa: BLE001  (whatever it is, graphql-core turns it into an error)
                self._setting.count_left()
        completed = cast("Any", self).complete_value(entry.type, entry.details, info, path, value, None)
        return await completed if is_awaitable(completed) else completed


def _helpers_of(run: "ref[Run]") -> GraphQLResolveInfoHelpers:
    """The bound methods that graphql-core creates. They form a cycle, so each run would wait for the garbage
    collector."""

    def track(values: Sequence[Any]) -> None:
        here = run()
        if here is not None:
            here.track_async_work(values)

    return GraphQLResolveInfoHelpers(gather=_gather, track=track)


def _gather(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)


async def _all(results: dict[str, Any], pending: list[str]) -> dict[str, Any]:
    """The results, once all pending ones are available."""
    if len(pending) == 1:
        results[pending[0]] = await results[pending[0]]
    else:
        done = await gather_with_cancel(*(results[key] for key in pending))
        results.update(zip(pending, done, strict=True))
    return results
