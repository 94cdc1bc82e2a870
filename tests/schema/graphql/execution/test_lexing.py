"""Tokens are counted in the same way as by the parser."""

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind
from hypothesis import given
from hypothesis import strategies as st

from schema.graphql.execution.checks import parse_document
from schema.graphql.execution.lexing import has_too_many_tokens
from schema.graphql.execution.limits import MAX_TOKENS

PIECES = [
    "a",
    "_b9",
    "12",
    "-1.5e-3",
    "...",
    *"!$&()[]{}:=@|",
    '""',
    '"x # y"',
    '"\\""',
    '"\\u00e9"',
    '""""""',
    '"""a " b "" c \\""" # d\n"""',
    "# a comment { }\n",
    ",",
    "\ufeff",
    "\r\n",
]


def tokens_of(text: str) -> int | None:
    """The number of tokens that graphql-core's own lexer finds, including comments. None if it finds an error."""
    lexer = Lexer(Source(text))
    count, token = 0, lexer.token
    try:
        while True:
            token = lexer.read_next_token(token.end)
            if token.kind is TokenKind.EOF:
                return count
            count += 1
    except GraphQLSyntaxError:
        return None


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_as_many_as_the_lexer_finds(pieces: list[str]) -> None:
    text = " ".join(pieces)
    found = tokens_of(text)

    assert found is not None
    assert not has_too_many_tokens(text)
    rest = MAX_TOKENS - found
    assert not has_too_many_tokens(f"{text}\n" + "a " * rest)
    assert has_too_many_tokens(f"{text}\n" + "a " * (rest + 1))


@pytest.mark.parametrize("piece", ["a ", "# c\n", '"x"', "{", "9 ", '"""b"""'])
def test_a_document_of_too_many_tokens_is_not_parsed(piece: str) -> None:
    refused = parse_document("{ a }" + piece * MAX_TOKENS)

    assert refused.document is None
    assert f"more than {MAX_TOKENS} tokens" in refused.errors[0].message


def test_a_document_of_just_so_many_is_parsed() -> None:
    assert parse_document("{" + "a " * (MAX_TOKENS - 2) + "}").document is not None


@pytest.mark.parametrize("piece", ['"\\"', '"', '"""', '"""\\', "\\", '"\\\n', '""" "', "#", "-", "."])
def test_a_text_of_strings_without_end_is_read_once(piece: str) -> None:
    """A pattern that started again at each quotation mark would take minutes for the longest body."""
    text = piece * (65_536 // len(piece))

    assert has_too_many_tokens(text) in {True, False}
