"""From an operation to a function of a context and its variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import ReferenceType, ref

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from schema.bounded import BoundedMap
from schema.graphql.execution.compiled.arguments import NO_VARIABLES, ArgumentReader
from schema.graphql.execution.compiled.errors import NotCompilable
from schema.graphql.execution.compiled.plan import Selected, fragments_of, tree_of
from schema.graphql.execution.compiled.rows import RowStore
from schema.graphql.execution.compiled.run import Program, Run, Setting
from schema.graphql.execution.compiled.survey import survey
from schema.graphql.execution.core import Result, coerce_variables, execute, strawberry_schema

MAX_PROGRAMS = 512
# A field of a program takes 1.3 kB: 11 MB in all.
MAX_PROGRAM_FIELDS = 8_192
MAX_COERCION_ERRORS = 50  # graphql-core's own

Switches = tuple[object, ...]
ProgramKey = tuple[ReferenceType["Compiled"], Switches]


@dataclass(slots=True)
class Tally:
    """Counters for metrics and tests.

    `compiled` and `refused` count operations. `programs` counts compiled selections, `uncompiled` executions of
    compiled operations by graphql-core alone, and `left` objects that it executed within the others.
    """

    compiled: int = 0
    refused: int = 0
    programs: int = 0
    uncompiled: int = 0
    left: int = 0

    def count_left(self) -> None:
        self.left += 1


class Compiler:
    """Compiles operations, and caches the most recently used programs within these bounds, whatever clients send.

    A program refers to its whole document, which can be many times larger than the fields that are counted. So the
    cache does not keep operations alive, and drops the programs of those that are gone before it compiles another one.
    """

    def __init__(
        self,
        *,
        max_programs: int = MAX_PROGRAMS,
        max_fields: int = MAX_PROGRAM_FIELDS,
        keep_rows: bool = True,
    ) -> None:
        self.tally = Tally()
        self.rows = RowStore() if keep_rows else None
        self.programs = BoundedMap[ProgramKey, Program](max_entries=max_programs, max_size=max_fields, at_once=True)

    def compile(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> "Compiled | None":
        """A function that executes the operation. None if only graphql-core can execute a part of it.

        The document must be valid. Functions are made when they are first needed.
        """
        self.programs.drop(_is_gone)
        try:
            ours = _plain(schema)
            surveyed = survey(schema, document, operation)
        except (NotCompilable, RecursionError):
            self.tally.refused += 1
            return None
        self.tally.compiled += 1
        selected = Selected(schema, operation, surveyed, ArgumentReader(ours))
        return Compiled(self, document, selected, ours.config.info_class)

    def forget(self) -> None:
        """Drop all programs and kept rows. Operations create them again."""
        self.programs.clear()
        if self.rows is not None:
            self.rows.clear()


def _plain(schema: GraphQLSchema) -> strawberry.Schema:
    """The Strawberry schema. Raises NotCompilable if it handles values or errors in an unknown way."""
    ours = strawberry_schema(schema)
    if ours is None or ours.exception_handlers:
        raise NotCompilable("the schema is not Strawberry's, or makes values of exceptions")
    return ours


@cache
def shared_compiler() -> Compiler:
    """The compiler of the process."""
    return Compiler()


def compile_operation(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> "Compiled | None":
    """`Compiler.compile` of the compiler of the process."""
    return shared_compiler().compile(schema, document, operation)


class Compiled:
    """An executable operation, with the same results as graphql-core's `execute`.

    Its selection is compiled once for each combination of the variables under `@skip` and `@include`. `gathers` tells
    whether any of these awaits several things at the same time.
    """

    def __init__(
        self,
        compiler: Compiler,
        document: DocumentNode,
        selected: Selected,
        info_class: type[strawberry.Info[Any, Any]],
    ) -> None:
        self._compiler = compiler
        self._document = document
        self._selected = selected
        self._beyond = False
        self.gathers = False
        self._ref: ReferenceType[Compiled] = ref(self)
        definitions = selected.surveyed.fragments
        self._setting = Setting(
            selected.schema,
            selected.operation,
            definitions,
            fragments_of(definitions),
            selected.reader,
            info_class,
            compiler.tally.count_left,
        )

    def execute(self, context: object, variables: Mapping[str, Any]) -> Result:
        """The result of the operation, or an awaitable of it if anything has to be awaited.

        `variables` are those of a request. If they are invalid, the result has errors and no data.
        """
        values = self._coerced(variables)
        if isinstance(values, list):
            return ExecutionResult(None, errors=values)
        program = self._program(values)
        if program is not None:
            return Run(self._setting, program, context, values).answer()
        self._compiler.tally.uncompiled += 1
        name = self._selected.operation.name
        return execute(
            self._selected.schema,
            self._document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=name.value if name is not None else None,
        )

    __call__ = execute

    def _coerced(self, variables: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        definitions = self._selected.operation.variable_definitions
        if not definitions:
            return NO_VARIABLES
        return coerce_variables(self._selected.schema, definitions, dict(variables), MAX_COERCION_ERRORS)

    def _program(self, values: VariableValues) -> Program | None:
        """The program for the selection with these values. None if graphql-core has to execute it alone."""
        switches = tuple(values.coerced.get(name) for name in self._selected.surveyed.switches)
        # A null condition is an error of the object that contains it.
        if self._beyond or not all(type(switch) is bool for switch in switches):
            return None
        found = self._compiler.programs.get((self._ref, switches))
        if found is None:
            found = self._compile(values)
            if found is None:
                self._beyond = True
            else:
                self._compiler.programs.put((self._ref, switches), found, found.size)
        return found

    def _compile(self, values: VariableValues) -> Program | None:
        try:
            program = Program(tree_of(self._selected, values), self._compiler.rows)
        except (NotCompilable, GraphQLError, RecursionError):
            return None
        self._compiler.tally.programs += 1
        self.gathers = self.gathers or program.gathers
        return program


def _is_gone(key: ProgramKey) -> bool:
    """Whether the operation of a program is no longer in use."""
    return key[0]() is None
