"""Unordered bulk writes in which some keys may already exist."""

from typing import Any, cast

from pymongo.errors import BulkWriteError

DUPLICATE_KEY = 11_000


def duplicates(error: BulkWriteError) -> list[int]:
    """The positions of the documents whose key already exists, if nothing else failed. Otherwise raises the error."""
    details = cast("dict[str, Any]", error.details or {})
    failures = cast("list[dict[str, Any]]", details.get("writeErrors") or [])
    if not failures or details.get("writeConcernErrors") or any(f.get("code") != DUPLICATE_KEY for f in failures):
        raise error
    return [int(failure["index"]) for failure in failures]
