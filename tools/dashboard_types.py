"""Write the hashes, types and examples of the dashboard's operations: `python tools/dashboard_types.py`.

`server/dashboard/static/js/operations.js` has the hash of each operation. `operations.d.ts` beside it has the types of
its variables and its response, from the golden SDL. `examples.js` has the examples of `docs/graphql.md` for the
explorer. `make golden` runs this tool, and a test compares the files.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    parse,
    type_from_ast,
)

from server.dashboard.operations import documents, hash_of

REPOSITORY = Path(__file__).resolve().parent.parent
SDL = REPOSITORY / "schema" / "schema.graphql"
MODULES = REPOSITORY / "server" / "dashboard" / "static" / "js"
HEADER = "// Written by tools/dashboard_types.py from the operations and the SDL: run `make golden`.\n"
EXAMPLES = REPOSITORY / "docs" / "graphql.md"
# BigInt is a string if a number would not be exact.
SCALARS = {"Int": "number", "Float": "number", "Boolean": "boolean", "BigInt": "number | string"}
MAX_INPUT_DEPTH = 1


def files() -> dict[str, str]:
    """The text of each file, by name."""
    schema = build_schema(SDL.read_text(encoding="utf-8"))
    texts = documents()
    hashes = "".join(f'  {name}: "{hash_of(text)}",\n' for name, text in texts.items())
    types = "".join(f"  {name}: {_operation(schema, text)};\n" for name, text in texts.items())
    return {
        "operations.js": f"{HEADER}export const HASHES = {{\n{hashes}}};\n",
        "operations.d.ts": f"{HEADER}export declare const HASHES: Record<string, string>;\n"
        f"export interface Operations {{\n{types}}}\n",
        "examples.js": f"{HEADER}export const EXAMPLES = {json.dumps(examples(EXAMPLES), indent=2, ensure_ascii=False)};\n",
    }


def examples(page: Path) -> list[dict[str, str]]:
    """Each GraphQL example of a page with its variables, titled by its section, which also names unnamed queries."""
    found: list[dict[str, str]] = []
    title = ""
    for heading, language, text in re.findall(
        r"^#{2,3} ([^\n]+)$|^```(graphql|json)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S
    ):
        if heading:
            title = heading
        elif language == "graphql":
            count = sum(each["title"].partition(" (")[0] == title for each in found)
            unnamed = text.startswith("{")
            name = "".join(word.capitalize() for word in re.findall(r"[A-Za-z]+", title)) + str(
                count + 1 if count else ""
            )
            query = f"query {name} {text}" if unnamed else text
            found.append({"title": f"{title} ({count + 1})" if count else title, "query": query.rstrip() + "\n"})
        elif found and "variables" not in found[-1]:
            found[-1]["variables"] = text.rstrip()
    return [{"variables": "", **each} for each in found]


def _operation(schema: GraphQLSchema, text: str) -> str:
    document = parse(text)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise ValueError(f"the schema has no {operation.operation.value}")
    variables = [
        _member(variable.variable.name.value, _input(type_from_ast(schema, variable.type), 0))
        for variable in operation.variable_definitions or ()
    ]
    return f"{{ variables: {{ {' '.join(variables)} }}; data: {_selected(schema, root, operation.selection_set, fragments)} }}"


def _selected(
    schema: GraphQLSchema,
    parent: GraphQLObjectType,
    selection: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
) -> str:
    members = []
    for field in _fields(selection, fragments):
        name = field.alias.value if field.alias else field.name.value
        of = parent.fields[field.name.value].type
        inner = get_named_type(of)
        if field.selection_set is not None and isinstance(inner, GraphQLObjectType):
            leaf = _selected(schema, inner, field.selection_set, fragments)
        else:
            leaf = _leaf(inner)
        members.append(f"{name}{'?' if field.directives else ''}: {_wrapped(of, leaf)};")
    return f"{{ {' '.join(members)} }}"


def _fields(selection: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    for each in selection.selections:
        if isinstance(each, FieldNode):
            yield each
        elif isinstance(each, FragmentSpreadNode):
            yield from _fields(fragments[each.name.value].selection_set, fragments)
        else:
            raise TypeError("inline fragments are not supported here")


def _wrapped(of: object, leaf: str, *, nullable: bool = True) -> str:
    """The type, with its lists and nulls around the innermost one."""
    if isinstance(of, GraphQLNonNull):
        return _wrapped(of.of_type, leaf, nullable=False)
    text = f"({_wrapped(of.of_type, leaf)})[]" if isinstance(of, GraphQLList) else leaf
    return f"{text} | null" if nullable else text


def _leaf(of: object) -> str:
    if isinstance(of, GraphQLEnumType):
        return " | ".join(f'"{value}"' for value in of.values)
    if isinstance(of, GraphQLScalarType):
        return SCALARS.get(of.name, "string")
    raise TypeError(f"{of} has no selection")


def _input(of: object, depth: int) -> str:
    if isinstance(of, GraphQLNonNull):
        return _input(of.of_type, depth).removesuffix(" | null | undefined")
    if isinstance(of, GraphQLList):
        return f"({_input(of.of_type, depth)})[] | null | undefined"
    if isinstance(of, GraphQLInputObjectType):
        if depth >= MAX_INPUT_DEPTH:
            return "any | null | undefined"
        inner = " ".join(_member(name, _input(field.type, depth + 1)) for name, field in of.fields.items())
        return f"{{ {inner} }} | null | undefined"
    return f"{_leaf(of)} | null | undefined"


def _member(name: str, text: str) -> str:
    optional = text.endswith(" | undefined")
    return f"{name}{'?' if optional else ''}: {text};"


def main() -> int:
    """Write the files."""
    for name, text in files().items():
        (MODULES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
