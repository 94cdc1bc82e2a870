"""Structured logs on stderr: our own events and those of libraries alike, one line each.

Events are dotted constants with fields (`log.info("cycle.done", slot=…)`). Passwords in URIs are masked, control
characters escaped, and a log that cannot be written never stops the process.
"""

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.masking import mask_credentials

LogFormat = Literal["auto", "json", "console"]

# What libraries say of each request, job or heartbeat would drown our own lines.
_QUIET = {
    "uvicorn.access": "ERROR",
    "uvicorn.error": "WARNING",
    "arq": "WARNING",
    "pymongo": "WARNING",
    "asyncio": "WARNING",
}
_MAX_VALUE = 4_000
_MAX_TRACEBACK = 16_000
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


def configure(*, level: str = "info", log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (stderr). Called once, by a composition root."""
    out = sys.stderr if stream is None else stream
    as_json = log_format == "json" or (log_format == "auto" and not out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_COMMON, processors=_rendering(as_json=as_json, colors=out.isatty())
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(logging.getLevelNamesMapping()[least], root.level))
    # A full disk or a closed pipe must not put tracebacks about logging itself into whatever is left of stderr.
    logging.raiseExceptions = False
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    return structlog.stdlib.get_logger(name)


def _mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Texts without passwords, and bounded; of a traceback, the end."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask_credentials(value[-_MAX_TRACEBACK:] if key == "exception" else value[:_MAX_VALUE])
    return event


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event's name without control characters: a stranger's text must not forge a second line."""
    event["event"] = str(event["event"]).translate(_ESCAPED)
    return event


def _rendering(*, as_json: bool, colors: bool) -> list[Processor]:
    shape: list[Processor] = (
        [structlog.processors.JSONRenderer()]
        if as_json
        else [_one_line, structlog.dev.ConsoleRenderer(colors=colors, repr_native_str=True)]
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _mask,
        *shape,
    ]


_COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    structlog.processors.StackInfoRenderer(),
]
