"""The operations of the dashboard. The server knows them from its start by their SHA-256."""

import hashlib
from collections.abc import Mapping

from server.dashboard.files import PLACE

OPERATIONS = PLACE / "static" / "operations"


def documents() -> Mapping[str, str]:
    """The text of each operation, by the name of its file."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(OPERATIONS.glob("*.graphql"))}


def by_hash(texts: Mapping[str, str]) -> Mapping[str, str]:
    """The same texts, by the hash that a client sends instead of them."""
    return {hash_of(text): text for text in texts.values()}


def hash_of(text: str) -> str:
    """SHA-256 in hex, as used by automatic persisted queries."""
    return hashlib.sha256(text.encode()).hexdigest()
