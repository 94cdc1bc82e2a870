"""Reads `.env`. Error messages name the file and the line, and repeat nothing that may be a password."""

import io
import re
from pathlib import Path

from dotenv.parser import Binding, parse_stream

MAX_BYTES = 2**20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BadEnvFile(Exception):
    """The file cannot be used. The message is one line for people."""


def read_env_file(place: Path) -> dict[str, str]:
    """The variables in a file, by name. Empty if there is no file.

    Values are literal: `${NAME}` is not expanded, because it may be part of a password. Raises BadEnvFile.
    """
    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(_text(place))):
        if binding.error or (binding.key is not None and not _usable(binding)):
            raise BadEnvFile(f"{place}:{_line(binding)}: expected NAME=value, with quotes closed on the same line")
        if binding.key is not None:
            found[binding.key] = binding.value or ""
    return found


def _usable(binding: Binding) -> bool:
    return bool(_NAME.fullmatch(binding.key or "")) and binding.value is not None


def _line(binding: Binding) -> int:
    """Blank lines before a statement belong to it, for the parser."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _text(place: Path) -> str:
    try:
        with place.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise BadEnvFile(f"{place}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise BadEnvFile(f"{place}: larger than {MAX_BYTES} bytes")
    # Windows editors add a byte order mark.
    return _decoded(place, raw).removeprefix("\ufeff")


def _decoded(place: Path, raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadEnvFile(f"{place}:{line}: not UTF-8") from error
    zero = text.find("\0")
    if zero >= 0:
        line = text.count("\n", 0, zero) + 1
        raise BadEnvFile(f"{place}:{line}: not text (it contains a zero byte)")
    return text
