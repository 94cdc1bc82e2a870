"""The size of a document stands for its memory, whatever its text is made of."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from schema.graphql.execution.documents import BYTES_PER_CHARACTER, Document
from tests.compiling import engine as make_engine

DOCUMENTS = 10
# A document, its prices and its entry in the cache of documents take so much, however short it is.
FIXED_BYTES = 6_000


def empty_groups(number: int) -> str:
    return f"{{ a{number}: pnodes(where: {{and:[{'{}' * 100}]}}){{totalCount}} }}"


def short_numbers(number: int) -> str:
    return f"{{ a{number}: pnodes(where: {{uptime:{{in:[{'1 ' * 100}]}}}}){{totalCount}} }}"


def short_texts(number: int) -> str:
    texts = '"1" ' * 100
    return f"{{ a{number}: events(where: {{subject:{{in:[{texts}]}}}}){{totalCount}} }}"


def short_fields(number: int) -> str:
    return f"{{ a{number}: pnodes {{ nodes {{ {'id ' * 60} }} }} }}"


def long_fields(number: int) -> str:
    return f"{{ a{number}: pnodes {{ nodes {{ {'storageUsagePercent ' * 60} }} }} }}"


def long_comments(number: int) -> str:
    return f"{{ a{number}: __typename }} #{'x' * 5_000}"


@pytest.mark.parametrize("text", [empty_groups, short_numbers, short_texts, short_fields, long_fields, long_comments])
def test_a_document_takes_no_more_memory_than_its_size_stands_for(text: Callable[[int], str]) -> None:
    engine = make_engine()
    engine.document(text(0))
    gc.collect()
    tracemalloc.start()
    try:
        found = [engine.document(text(number)) for number in range(1, DOCUMENTS + 1)]
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    sizes = [each.size for each in found if isinstance(each, Document)]
    assert len(sizes) == DOCUMENTS
    assert taken < BYTES_PER_CHARACTER * sum(sizes) + FIXED_BYTES * DOCUMENTS


def test_a_text_of_long_words_has_the_size_of_its_length() -> None:
    text = long_comments(1)
    found = make_engine().document(text)

    assert isinstance(found, Document)
    assert found.size == len(text)
