import ast
import builtins
import linecache
import traceback
from dataclasses import replace
from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, FieldNode, NameNode, SelectionSetNode, parse

from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.compiled.arguments import NO_VARIABLES, ArgumentReader
from schema.graphql.execution.compiled.plan import Selected, Tree, tree_of
from schema.graphql.execution.compiled.source import functions_of, generate
from schema.graphql.execution.compiled.survey import survey
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.types.fields import attribute, resolved
from tests.schema.graphql.execution.compiled.answers import CORE, compiled, operation_of, settled
from tests.schema.graphql.execution.compiled.worlds import WORLDS, context

HOSTILE = "'); __import__('os').abort() #\n\"\"\"\\"
OWN_NAMES = {"x", "v", "r", "run", "out", "add"}


def tree(document: DocumentNode) -> Tree:
    operation = operation_of(document)
    ours: Any = CORE
    reader = ArgumentReader(ours._strawberry_schema)
    return tree_of(Selected(CORE, operation, survey(CORE, document, operation), reader), NO_VARIABLES)


def strings_of(text: str) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize(
    "alias", ["__import__", "exit", "x", "v", "r", "run", "None", "def", "InSnapshot", "known", "object_0"]
)
async def test_an_alias_is_only_ever_a_key(alias: str) -> None:
    query = f"{{ {alias}: pnodes(first: 1) {{ {alias}: nodes {{ {alias}: id address }} }} }}"
    answer = await settled(compiled(query).execute(context(WORLDS["ordinary"]()), {}))
    assert list((answer.data or {})[alias][alias][0]) == [alias, "address"]


def test_a_name_that_no_parser_gives_is_a_literal() -> None:
    field = FieldNode(name=NameNode(value="__typename"), alias=NameNode(value=HOSTILE))
    selected = replace(operation_of(parse("{ a }")), selection_set=SelectionSetNode(selections=(field,)))
    document = DocumentNode(definitions=(selected,))
    text, _ = generate(tree(document))
    assert strings_of(text) == {HOSTILE, "Query"}
    assert functions_of(tree(document)).levels[0](None, None) == {HOSTILE: "Query"}


def test_arguments_are_values_never_text() -> None:
    document = parse(
        '{ pnodes(after: "evil()", where: {id: {eq: "evil()"}}) { nodes { score(policy: "evil()") { tier } } } }'
    )
    text, names = generate(tree(document))
    assert "evil" not in text
    assert "evil()" in names.values()


def test_every_name_is_ours() -> None:
    document = parse(
        "{ serviceConfig { name limits { page } resolutions { resolution keptSeconds } } scorePolicy { versions } }"
    )
    text, names = generate(tree(document))
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    made = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    assert used <= set(names) | made | OWN_NAMES | {"type", "int", "str", "float", "bool", "tuple", "list"}
    assert not set(names) & set(dir(builtins))


def test_code_grows_with_the_fields_only() -> None:
    def size(fields: int) -> int:
        document = parse("{ pnodes { nodes { " + " ".join(f"a{n}: uptime" for n in range(fields)) + " } } }")
        return len(generate(tree(document))[0])

    assert size(900) - size(800) == pytest.approx(size(200) - size(100), rel=0.05)
    assert size(900) < 900 * 200


class Row:
    record = "a record"
    tables = "some tables"
    text = "a text"


@strawberry.type
class RowType:
    record: str = attribute("")
    tables: str = attribute("")
    text: str = attribute("")


def row() -> Any:
    return Row()


def row_in_snapshot() -> Any:
    inner: Any = Row()
    return InSnapshot(inner, "the wrapper's tables")  # type: ignore[arg-type]  # a recognisable text


@strawberry.type
class RowQuery:
    bare = resolved(row, RowType, "")
    within = resolved(row_in_snapshot, RowType, "")


async def test_what_a_wrapper_has_itself_is_not_its_records() -> None:
    schema = core_schema(strawberry.Schema(query=RowQuery))
    answer = await settled(compiled("{ bare { tables text } within { tables text } }", schema=schema).execute(None, {}))
    assert answer.data == {
        "bare": {"tables": "some tables", "text": "a text"},
        "within": {"tables": "the wrapper's tables", "text": "a text"},
    }


def test_a_traceback_shows_the_line_of_generated_code_that_failed() -> None:
    functions = functions_of(tree(parse("{ pnodes { nodes { id mine: firstSeen } } }")))
    made_for_nodes = functions.levels[-1]
    with pytest.raises(AttributeError) as caught:
        made_for_nodes(object(), None)
    shown = "".join(traceback.format_exception(caught.value))
    assert "'id': " in shown
    assert made_for_nodes.__code__.co_filename in shown


def test_every_line_that_is_shown_is_the_one_that_was_compiled() -> None:
    document = parse('{ pnodes(where: {version: {eq: "1.0.0"}}) { nodes { id score { tier } } } }')
    functions = functions_of(tree(document))
    name = functions.levels[0].__code__.co_filename
    lines = linecache.getlines(name)
    linecache.checkcache(name)
    assert linecache.getlines(name) == lines
    for level in functions.levels:
        assert lines[level.__code__.co_firstlineno - 1].strip() == f"def {level.__name__}(x, run):"


def test_the_lines_are_forgotten_with_the_code() -> None:
    functions = functions_of(tree(parse("{ pnodes { totalCount } }")))
    name = functions.levels[0].__code__.co_filename
    linecache.getlines(name)
    assert name in linecache.cache
    del functions
    assert name not in linecache.cache


def test_an_attribute_that_may_be_empty_takes_no_call() -> None:
    """Nearly all lists of nodes have the address. Twenty calls for each page of twenty are a tenth of its work."""
    text, names = generate(tree(parse("{ pnodes { nodes { address } } }")))
    assert "(r.address or None)" in text
    assert not [name for name in names if name.startswith("call")], "`pnodes` itself is awaited, not called here"
