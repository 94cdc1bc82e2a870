"""Logs: one line for each event, machine-readable, without passwords and without forged lines."""

import io
import json
import logging

import pytest

from server import logs


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class _BrokenPipe(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def test_an_event_is_one_json_object_with_its_fields(out: io.StringIO) -> None:
    logs.configure(stream=out)
    logs.get_logger("jobs.x").info("cycle.done", slot=60, seeds_ok=9)
    line = json.loads(out.getvalue())
    assert (line["event"], line["slot"], line["seeds_ok"], line["level"]) == ("cycle.done", 60, 9, "info")
    assert line["timestamp"].endswith("Z")


def test_lines_of_libraries_have_the_same_shape(out: io.StringIO) -> None:
    logs.configure(stream=out)
    logging.getLogger("pymongo.client").warning("lost %s", "mongodb://u:hunter2@h")
    line = json.loads(out.getvalue())
    assert (line["event"], line["logger"]) == ("lost mongodb://u:***@h", "pymongo.client")


def test_a_traceback_is_inside_the_line_and_masked(out: io.StringIO) -> None:
    logs.configure(stream=out)
    try:
        int("redis://:hunter2@cache")
    except ValueError:
        logs.get_logger("x").exception("queue.failed")
    line = json.loads(out.getvalue())
    assert "redis://:***@cache" in line["exception"]
    assert "hunter2" not in out.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_clients_newline_forges_no_line(log_format: logs.LogFormat, out: io.StringIO) -> None:
    logs.configure(log_format=log_format, stream=out)
    logs.get_logger("x").info("graphql.failed", operation='a\n{"event":"forged"}\x1b[2J')
    logging.getLogger("uvicorn.error").warning("bad\nforged")
    assert len(out.getvalue().splitlines()) == 2
    assert "\x1b" not in out.getvalue()


def test_a_terminal_gets_lines_for_people() -> None:
    terminal = _Terminal()
    logs.configure(stream=terminal)
    logs.get_logger("x").info("worker.started")
    assert "worker.started" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_the_level_holds(out: io.StringIO) -> None:
    logs.configure(level="warning", stream=out)
    logs.get_logger("x").info("quiet.event")
    logs.get_logger("x").warning("loud.event")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["loud.event"]


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    logs.configure(stream=_BrokenPipe())
    logs.get_logger("x").error("disk.full")
    assert logging.raiseExceptions is False


def test_a_bound_never_cuts_off_what_marks_a_password(out: io.StringIO) -> None:
    logs.configure(stream=out)
    log = logs.get_logger("x")
    for length in range(3_900, 4_010):
        log.warning("lost", error="x" * length + " mongodb://u:hunter2hunter2@h")
    assert "hunt" not in out.getvalue()


def _fail(why: str) -> None:
    raise ValueError(why)


def test_a_long_traceback_keeps_whole_lines_alone(out: io.StringIO) -> None:
    logs.configure(stream=out)
    try:
        _fail("\n".join(["mongodb://u:" + "hunter2" * 10 + "@h"] * 400))
    except ValueError:
        logs.get_logger("x").exception("lost")
    assert "r2hu" not in out.getvalue()
    assert len(out.getvalue()) < 20_000


def test_passwords_inside_of_values_are_masked(out: io.StringIO) -> None:
    logs.configure(stream=out)
    uri = "mongodb://u:hunter2@h"
    logs.get_logger("x").warning("lost", error=ValueError(uri), at=[uri, {"deep": (uri,)}], also={uri: 1}, count=3)
    line = json.loads(out.getvalue())
    assert "hunter2" not in out.getvalue()
    assert (line["at"][0], line["count"]) == ("mongodb://u:***@h", 3)
