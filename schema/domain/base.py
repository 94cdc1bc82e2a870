"""The base of every record: immutability, units of time, and slots."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from schema.domain.lean import LeanModel

UnixSeconds = Annotated[int, Field(description="Seconds since 1970-01-01T00:00:00Z, UTC")]
Slot = Annotated[int, Field(description="UTC start of a polling interval, in unix seconds; identifies a snapshot")]

MINUTE = 60
HOUR = 3_600
DAY = 86_400
GIB = 2**30
MAX_INT64 = 2**63 - 1


_MAX_DOUBLINGS = 60


class Record(LeanModel):
    """An immutable record.

    Unknown keys are ignored on reading, and every field added later has a default. Older and newer releases can
    therefore read each other's stored records.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


def rounded(value: float, digits: int) -> float:
    """Round `value` to `digits` decimals. Never returns -0.0, which clients would show as `-0`."""
    return round(value, digits) + 0.0


def written(at: UnixSeconds) -> str:
    """Format a time as RFC 3339 in UTC, or as unix seconds if it is outside the range of `datetime`."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (OverflowError, ValueError, OSError):
        return str(at)


def read_time(text: str) -> float:
    """The unix seconds of an ISO 8601 date or time, in UTC if it names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def backoff(failures: int, *, first: float, longest: float) -> float:
    """The seconds to wait after so many consecutive failures: `first`, doubled after each further one, up to `longest`.

    The exponent is bounded, because a peer may be gone for any time: a float overflows after some thousand failures.
    """
    return min(longest, first * 2.0 ** min(max(failures, 1) - 1, _MAX_DOUBLINGS))


def slot_of(at: float, interval: int) -> Slot:
    """Return the slot that contains `at`: the UTC start of its interval, in unix seconds.

    `interval` is the polling interval in seconds (`CACHE_TTL`). The result depends only on the arguments, so any number
    of workers agree on it without coordination.
    """
    return int(at // interval) * interval
