"""The identity of a GraphQL request: equal keys get equal responses."""

Asked = tuple[bytes | None, ...]

# What a key takes besides its bytes.
_OBJECT_BYTES = 256


def asked_by_post(headers: dict[bytes, bytes], body: bytes) -> Asked:
    """The key of a POST request."""
    return (headers.get(b"content-type"), headers.get(b"accept"), body)


def asked_by_get(headers: dict[bytes, bytes], query_string: bytes) -> Asked:
    """The key of a GET request."""
    return (b"", headers.get(b"accept"), query_string)


def size_of(asked: Asked) -> int:
    """The memory of a key, in bytes."""
    return sum(len(part) for part in asked if part is not None) + _OBJECT_BYTES
