"""The ground that every record stands on: immutability, units of time, and slots."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

UnixSeconds = Annotated[int, Field(description="Seconds since 1970-01-01T00:00:00Z, UTC")]
Slot = Annotated[int, Field(description="UTC start of a polling interval, in unix seconds; identifies a snapshot")]

MINUTE = 60
HOUR = 3_600
DAY = 86_400
GIB = 2**30
MAX_INT64 = 2**63 - 1


_NOBODY_ASKS: set[str] = set()


class Record(BaseModel):
    """An immutable fact.

    Unknown keys are ignored on reading, and every field added later has a default, so that an older and a newer
    release can read each other's stored records.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    def model_post_init(self, context: object, /) -> None:
        """Forget which fields were set: nobody asks, and those sets are more than half of a node's memory."""
        object.__setattr__(self, "__pydantic_fields_set__", _NOBODY_ASKS)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same fact with other values, which are not validated; as pydantic's, without an account of the fields."""
        if deep:
            return super().model_copy(update=update, deep=True)
        copied = type(self).__new__(type(self))
        put = object.__setattr__
        put(copied, "__dict__", self.__dict__ | (update or {}))
        put(copied, "__pydantic_fields_set__", _NOBODY_ASKS)
        put(copied, "__pydantic_extra__", None)
        put(copied, "__pydantic_private__", None)
        return copied


def rounded(value: float, digits: int) -> float:
    """`value` to so many decimals. Never -0.0, which a small negative figure rounds to and clients show as `-0`."""
    return round(value, digits) + 0.0


def written(at: UnixSeconds) -> str:
    """A time as clients write it: RFC 3339 in UTC; as unix seconds where calendars do not reach."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (OverflowError, ValueError, OSError):
        return str(at)


def slot_of(at: float, interval: int) -> Slot:
    """The slot that contains `at`: the UTC start of its interval, in unix seconds.

    `interval` is the polling interval in seconds (`CACHE_TTL`). The result depends on nothing else, so that any number
    of workers agree on it without talking to each other.
    """
    return int(at // interval) * interval
