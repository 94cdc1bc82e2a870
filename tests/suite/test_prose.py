"""Lines of prose have at most 120 characters: docstrings, comments on a line of their own, and Markdown."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

WIDTH = 120
WRITTEN_BY_CODE = {"docs/rest.md", "docs/evaluation.md"}
"""Code writes these from descriptions and tables."""
FOLDERS = ("schema", "server", "jobs", "tests", "tools", "docs", "deploy")
FIGURES = "<!-- figures below are written by `make bench` -->"


def files(pattern: str) -> list[Path]:
    """The files of the project in its folders, and those beside them, without the packages that npm installs."""
    found = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob(pattern)]
    return [*REPOSITORY.glob(pattern), *(path for path in found if "node_modules" not in path.parts)]


def prose_of_python(source: str) -> Iterator[tuple[int, str]]:
    """The lines of docstrings, and the lines that are nothing but a comment, with their numbers."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            last = value.end_lineno or value.lineno
            yield from ((number, lines[number - 1]) for number in range(value.lineno, last + 1))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            yield token.start[0], token.line.rstrip("\n")


def prose_of_markdown(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside code, tables and headings, with their numbers."""
    code = False
    for number, line in enumerate(text.partition(FIGURES)[0].splitlines(), start=1):
        code ^= line.startswith("```")
        if not code and not line.startswith(("|", "#")):
            yield number, line


def too_long(lines: Iterator[tuple[int, str]]) -> list[int]:
    return [number for number, line in lines if len(line) > WIDTH]


def test_docstrings_and_comments_are_not_too_wide() -> None:
    found = {path: too_long(prose_of_python(path.read_text(encoding="utf-8"))) for path in files("*.py")}

    assert found
    assert {str(path.relative_to(REPOSITORY)): lines for path, lines in found.items() if lines} == {}


def test_documents_are_not_too_wide() -> None:
    documents = {str(path.relative_to(REPOSITORY)): path for path in files("*.md")}
    found = {
        name: too_long(prose_of_markdown(path.read_text(encoding="utf-8")))
        for name, path in documents.items()
        if name not in WRITTEN_BY_CODE
    }

    assert found
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [f'"""{"x" * WIDTH}"""', f"# {'x' * WIDTH}", f'def f():\n    """A line.\n\n    {"x" * WIDTH}\n    """'],
    ids=["docstring", "comment", "second paragraph"],
)
def test_a_wide_line_of_python_is_found(source: str) -> None:
    assert too_long(prose_of_python(source)) == [source.count("\n", 0, source.index("x" * WIDTH)) + 1]


@pytest.mark.parametrize("source", [f"x = '{'x' * WIDTH}'", f"x = 1  # type: {'x' * WIDTH}"], ids=["text", "beside"])
def test_code_is_no_prose(source: str) -> None:
    assert too_long(prose_of_python(source)) == []


def test_a_wide_line_of_markdown_is_found() -> None:
    wide = "x" * (WIDTH + 1)
    text = f"# {wide}\n| {wide} |\n```sh\n{wide}\n```\n{wide}\n{FIGURES}\n{wide}"

    assert too_long(prose_of_markdown(text)) == [6]
