"""Compiled execution of queries: the same answers as graphql-core's, byte for byte, at a fraction of its time.

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

A function either writes the whole dictionary of an object or raises, and never records an error. Where it raises,
whatever the reason, graphql-core executes that one object instead, and its children are again tried by their own
functions. So errors, their order, paths and locations, and what is null because of them, are graphql-core's own work.

Resolvers are called again in that case, so they must not have effects; values that they get must not be changed by
them. Functions that are not `async` must not return awaitables.
"""

from schema.graphql.execution.compiled.operation import Compiled, Compiler, compile_operation, shared_compiler

__all__ = ["Compiled", "Compiler", "compile_operation", "shared_compiler"]
