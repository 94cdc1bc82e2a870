"""The part of a child's log for the terminal: one line with the reason."""

import pytest

from jobs.stack.log_lines import last_words, short

EVENT = '{"event": "store.unreachable", "level": "warning", "reason": "wrong user or password", "error": "bad auth"}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"event": "cycle.failed", "error": "ValueError()"}, "cycle.failed: ValueError()"),
        ({"event": "x", "exception": "Traceback\n  ...\nOSError: no room"}, "x: OSError: no room"),
        ({"event": "store.unreachable", "reason": "TLS", "error": "expired"}, "store.unreachable: TLS (expired)"),
        ({"event": "worker.gave_up", "reason": "task queue ended"}, "worker.gave_up: task queue ended"),
        ({"event": "x"}, "x"),
    ],
)
def test_an_event_with_what_tells_most(line: dict[str, str], said: str) -> None:
    assert short(line) == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        (["Traceback (most recent call last):", '  File "x"', "OSError: redis://:pw@h"], "OSError: redis://:***@h"),
        (
            [EVENT, '{"event": "worker.stopped", "level": "info"}'],
            "store.unreachable: wrong user or password (bad auth)",
        ),
        (['{"event": "worker.stopped", "level": "info"}'], ""),
        (["why", '{"event": "cut off'], '{"event": "cut off'),
        (["why", ""], "why"),
    ],
)
def test_last_words(lines: list[str], said: str) -> None:
    assert last_words(lines) == said
