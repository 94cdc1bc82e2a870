"""A test that configures logging does not affect the next one."""

import io

import structlog
from structlog.testing import capture_logs

from server import logs

log = logs.get_logger(__name__)


def test_a_logger_is_used_while_logging_is_configured() -> None:
    out = io.StringIO()
    logs.configure(stream=out)
    log.warning("while.configured")
    assert "while.configured" in out.getvalue()


def test_what_that_logger_says_afterwards_can_be_captured() -> None:
    assert not structlog.is_configured()
    with capture_logs() as lines:
        log.warning("afterwards")
    assert [line["event"] for line in lines] == ["afterwards"]
