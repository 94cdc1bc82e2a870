"""Times in words, as the earlier API's clients show them."""

from datetime import UTC, datetime


def readable(at: int) -> str:
    """`YYYY-MM-DD HH:MM:SS UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def readable_or_none(at: int | None) -> str | None:
    return None if at is None else readable(at)
