"""Validation of single fields: the value if it is valid for the field, otherwise None.

Integral floats count as integers, because lists that passed through JavaScript contain them. Booleans never count as
numbers.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from jobs.prpc.address import MAX_PORT, REMEMBERED_ADDRESSES
from schema.domain.base import MAX_INT64

MAX_UNIX_SECONDS = 253_402_300_799
"""The last second of the year 9999. Later times have no date, and times in milliseconds exceed it."""
MAX_UPTIME_SECONDS = 315_360_000
"""Ten years, longer than pods have existed. Without this bound, one absurd value would dominate every average."""
MAX_CPU_PERCENT = 100.5
"""Slightly above 100, which a 32-bit float can exceed by rounding."""

_FLOAT_LIMIT = 2.0**63
# All seeds report the same keys and versions in every cycle, so each text is interned and stored once.
_REMEMBERED_VERSIONS = 4_096
_MAX_VERSION_CHARS = 64
_MAX_KEY_CHARS = 44
_VERSION = re.compile(r"[0-9A-Za-z.+-]+")
_UNKNOWN_VERSION = "unknown"
_SAYS_NOTHING = {"version": ("", _UNKNOWN_VERSION), "pubkey": ("",), "last_seen": ("",)}
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY = re.compile(rf"[{_BASE58}]{{32,}}")
_KEY_BYTES = 32
_LAST_SEEN_FORMAT = "%Y-%m-%d %H:%M:%S UTC"
_LAST_SEEN_CHARS = 23
_MAX_DATE_CHARS = 64


def count(value: object) -> int | None:
    """An integer 0..2^63-1, the range of MongoDB and of GraphQL's BigInt."""
    if type(value) is int:
        return value if 0 <= value <= MAX_INT64 else None
    if type(value) is float and 0.0 <= value < _FLOAT_LIMIT and value.is_integer():
        return int(value)
    return None


def positive(value: object, limit: int) -> int | None:
    """An integer 1..`limit`."""
    number = count(value)
    return number if number is not None and 0 < number <= limit else None


def port(value: object) -> int | None:
    return positive(value, MAX_PORT)


def unix_seconds(value: object) -> int | None:
    """A time in seconds, 1 to the end of the year 9999."""
    return positive(value, MAX_UNIX_SECONDS)


def last_seen_text(value: object) -> int | None:
    """Unix seconds of `YYYY-MM-DD HH:MM:SS UTC`, the format in the oldest documentation."""
    if type(value) is not str or len(value) != _LAST_SEEN_CHARS or not value.isascii():
        return None
    try:
        return unix_seconds(int(datetime.strptime(value, _LAST_SEEN_FORMAT).replace(tzinfo=UTC).timestamp()))
    except ValueError:
        return None


def uptime(value: object) -> int | None:
    """Seconds since a process started, 0 to ten years."""
    number = count(value)
    return number if number is not None and number <= MAX_UPTIME_SECONDS else None


def http_date(value: object) -> float | None:
    """Unix seconds of a `date` header (RFC 9110). None if it cannot be parsed."""
    if type(value) is not str or len(value) > _MAX_DATE_CHARS or not value.isascii():
        return None
    try:
        moment = parsedate_to_datetime(value)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return seconds if 0 < seconds <= MAX_UNIX_SECONDS else None


def percentage(value: object) -> float | None:
    """A finite number, 0 or more. It may exceed 100, because a sparse file can hold more than is allocated for it."""
    if type(value) is float or type(value) is int:
        return float(value) if 0 <= value <= MAX_INT64 else None
    return None


def cpu_percent(value: object) -> float | None:
    """A share of all processors, 0..100."""
    number = percentage(value)
    return number if number is not None and number <= MAX_CPU_PERCENT else None


def flag(value: object) -> bool | None:
    return value if type(value) is bool else None


def version(value: object) -> str | None:
    """A release such as `0.8.0` or `0.8.0-trynet.20251226111149.803e9d4`. "unknown" becomes None."""
    return _release(value) if type(value) is str and len(value) <= _MAX_VERSION_CHARS else None


@lru_cache(maxsize=_REMEMBERED_VERSIONS)
def _release(text: str) -> str | None:
    return text if _VERSION.fullmatch(text) and text != _UNKNOWN_VERSION else None


def is_wrong(name: str, value: object) -> bool:
    """Whether an unusable value of the field `name` is invalid, rather than a value that means "not known"."""
    return value is not None and value not in _SAYS_NOTHING.get(name, ())


def pubkey(value: object) -> str | None:
    """A base58 text that decodes to exactly 32 bytes.

    The alphabet is in ASCII order, so texts of equal length compare like their numbers. A range check against the first
    and last text of each length therefore replaces decoding (`_key_bounds`).
    """
    return _key(value) if type(value) is str and len(value) <= _MAX_KEY_CHARS else None


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def _key(text: str) -> str | None:
    if not _KEY.fullmatch(text):
        return None
    digits = text.lstrip("1")
    zeros = len(text) - len(digits)
    if zeros > _KEY_BYTES:
        return None
    smallest, largest = _KEY_BOUNDS[zeros]
    size = len(digits)
    fits = (size > len(smallest) or digits >= smallest) and (size < len(largest) or digits <= largest)
    return text if fits and len(smallest) <= size <= len(largest) else None


def _base58(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return text


def _key_bounds() -> tuple[tuple[str, str], ...]:
    """For each number of leading "1" (zero bytes), the smallest and the largest text of the remaining bytes."""
    rest = [_KEY_BYTES - zeros for zeros in range(_KEY_BYTES + 1)]
    return tuple((_base58(256 ** (n - 1)), _base58(256**n - 1)) if n else ("", "") for n in rest)


_KEY_BOUNDS = _key_bounds()
