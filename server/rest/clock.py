"""Times in words, as the earlier API's clients show them."""

from datetime import UTC, datetime

READABLE = "%Y-%m-%d %H:%M:%S"
READABLE_UTC = "%Y-%m-%d %H:%M:%S UTC"


def readable(at: int) -> str:
    """`YYYY-MM-DD HH:MM:SS`, in UTC. Clients parse this format, so no zone is written."""
    return datetime.fromtimestamp(at, UTC).strftime(READABLE)


def readable_utc(at: int | None) -> str | None:
    """`YYYY-MM-DD HH:MM:SS UTC`, the format of `/node/{address}/consistency`. None if the time is not known."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime(READABLE_UTC)
