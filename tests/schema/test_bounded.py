import tracemalloc
from collections.abc import Callable

import orjson
import pytest

from schema.bounded import compact


def taken(make: Callable[[], bytes]) -> int:
    """The bytes of memory that what is made takes."""
    tracemalloc.start()
    try:
        kept = make()
        return tracemalloc.get_traced_memory()[0] if kept else 0
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value", [{}, "x" * 5_000, [{"id": "node", "score": 1.5}] * 100], ids=["empty", "text", "list"]
)
def test_what_is_compact_takes_its_length(value: object) -> None:
    written = orjson.dumps(value)
    assert compact(written) == written
    assert taken(lambda: compact(orjson.dumps(value))) < len(written) + 500
