"""Strong entity tags, computed from the bytes of a body, and the conditions in clients' requests.

A response has one tag, with a suffix for each content coding (`"…-br"`), because a strong tag stands for exact bytes.
`server.http.compress` adds the suffix. It is removed when a client's condition is evaluated.
"""

import hashlib

CODINGS = ("zstd", "br", "gzip")
_SUFFIXES = tuple(f'-{coding}"' for coding in CODINGS)
_WILDCARD = "*"
_TAG_DIGITS = 32


def etag_of(body: bytes) -> str:
    """The strong tag of these bytes: 128 bits of SHA-256, in quotes. Processors have instructions for it."""
    return f'"{hashlib.sha256(body).hexdigest()[:_TAG_DIGITS]}"'


def coded(etag: str, coding: str) -> str:
    """The tag of the same response in a content coding."""
    return f'{etag[:-1]}-{coding}"'


def matching(if_none_match: str, etag: str) -> str | None:
    """The tag in the client's list that matches this response in any coding, as the client wrote it, or None.

    `*` matches every response. The comparison is weak (RFC 9110 §13.1.2): a leading `W/` is ignored.
    """
    for candidate in (part.strip() for part in if_none_match.split(",")):
        if candidate == _WILDCARD:
            return etag
        tag = candidate.removeprefix("W/")
        if tag == etag or _without_coding(tag) == etag:
            return tag
    return None


def _without_coding(tag: str) -> str:
    for suffix in _SUFFIXES:
        if tag.endswith(suffix):
            return f'{tag.removesuffix(suffix)}"'
    return tag
