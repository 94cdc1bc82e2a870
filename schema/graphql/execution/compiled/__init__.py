"""Compiled execution of queries: the same responses as graphql-core's, byte for byte, in a fraction of the time.

| module    | what it does                                                                                     |
|-----------|--------------------------------------------------------------------------------------------------|
| operation | `Compiler`, `compile_operation`: from an operation to a function of a context and its variables  |
| survey    | which operations can be compiled at all, and which variables decide what is selected             |
| plan      | the selection as a tree: which fields each object has, and how each of them is answered          |
| recipes   | how a field gets its value from an object: an attribute, or a call                               |
| arguments | what a field is called with                                                                      |
| leaves    | how a value becomes JSON                                                                         |
| source    | the plan as Python functions, one for each object                                                |
| run       | one execution: graphql-core's executor, with those functions in place of its work on each object |

A function either writes the whole dictionary of an object or raises; it never records an error. If it raises for any
reason, graphql-core executes that object instead, and the functions of its children are tried again. So graphql-core
itself produces all errors, with their order, paths and locations, and the nulls that they cause.

Resolvers are called again in that case, so they must not have side effects or change their arguments. Functions that
are not `async` must not return awaitables.
"""

from schema.graphql.execution.compiled.operation import Compiled, Compiler, compile_operation, shared_compiler

__all__ = ["Compiled", "Compiler", "compile_operation", "shared_compiler"]
