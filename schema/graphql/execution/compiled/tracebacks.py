"""Lines of generated code in tracebacks: `linecache` knows the text while the code lives."""

import linecache
from collections.abc import Callable
from itertools import count
from weakref import finalize

_numbers = count(1)


def file_name() -> str:
    """A unique name for a piece of code. `linecache` shows no lines of names in angle brackets."""
    return f"compiled GraphQL {next(_numbers)}"


def show(name: str, text: Callable[[], str], owner: object) -> None:
    """Let tracebacks show the lines of the code until `owner` is gone.

    `text` is called when a line is first shown, so that nothing is kept for code that never fails. It must not hold
    `owner`.
    """
    linecache.cache[name] = (text,)
    finalize(owner, linecache.cache.pop, name, None).atexit = False
