"""The progress reports of a copy."""

import io

import pytest

from jobs.backup.progress import LINE_SECONDS, Progress, size
from schema.backup import Batch


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (34_560_000, "34.6 MB"),
        (5 * 10**13, "50.0 TB"),
    ],
)
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert size(count) == text


def test_beside_a_terminal_there_is_a_line_now_and_then() -> None:
    out, now = io.StringIO(), 0.0
    with Progress(out, clock=lambda: now) as progress:
        for _ in range(5):
            progress.add(Batch("registry", [b"12345"] * 10))
        now = LINE_SECONDS
        progress.add(Batch("chunks", [b"1"]))
        progress.add(Batch("chunks", [b"1"]))
        progress.say("done")
    assert out.getvalue() == "chunks: 51 documents so far, 251 bytes\ndone\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_with_the_collection() -> None:
    out = Terminal()
    with Progress(out) as progress:
        progress.add(Batch("registry", [b"12345"] * 10))
        progress.say("done")
    assert "registry" in out.getvalue()
    assert "done\n" in out.getvalue()
