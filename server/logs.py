"""Structured logs on stderr: our own events and those of libraries in one format, one line each.

Events are dotted constants with fields (`log.info("cycle.done", slot=…)`). Passwords in URIs are masked, control
characters are escaped, and a failing log never stops the process.
"""

import logging
import re
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.process.masking import HIDDEN, mask_credentials

LogFormat = Literal["auto", "json", "console"]

# Libraries log every request, job or heartbeat, which would hide our own lines.
_QUIET = {
    "uvicorn.access": "ERROR",
    "uvicorn.error": "WARNING",
    "arq": "WARNING",
    "pymongo": "WARNING",
    "asyncio": "WARNING",
}
_MAX_VALUE = 4_000
_MAX_TRACEBACK = 16_000
_BLANK = re.compile(r"\s")
_MAX_DEPTH = 3
_MAX_ITEMS = 100
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
    # A full disk or a closed pipe must not fill the rest of stderr with tracebacks about logging itself.
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
    """Values without passwords, bounded in length. Of a traceback, the end is kept."""
    return {key: _last_part(value) if key == "exception" else _masked(value) for key, value in event.items()}


def _masked(value: Any, depth: int = 0) -> Any:
    """A value that can be written. Values that are not JSON would be written as their repr, which may contain a URI."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return mask_credentials(_first_part(value))
        case dict() if depth < _MAX_DEPTH:
            pairs = islice(cast("dict[Any, Any]", value).items(), _MAX_ITEMS)
            return {_masked(str(key)): _masked(item, depth + 1) for key, item in pairs}
        case list() | tuple() if depth < _MAX_DEPTH:
            return [_masked(item, depth + 1) for item in islice(cast("Iterable[Any]", value), _MAX_ITEMS)]
        case _:
            return mask_credentials(_first_part(repr(value)))


def _first_part(text: str) -> str:
    """A bounded text. A URI that the bound truncates is removed, because the @ after its password is missing."""
    if len(text) <= _MAX_VALUE:
        return text
    kept, cut = text[:_MAX_VALUE].rpartition("://")[::2]
    whole = not kept or "@" in cut or _BLANK.search(cut)
    return text[:_MAX_VALUE] if whole else f"{kept}://{HIDDEN}"


def _last_part(value: Any) -> str:
    """The end of a traceback, from the start of a line."""
    text = str(value)
    if len(text) > _MAX_TRACEBACK:
        text = text[-_MAX_TRACEBACK:].partition("\n")[2]
    return mask_credentials(text)


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event's name without control characters, so that untrusted text cannot forge a second line."""
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
