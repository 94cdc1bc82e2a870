"""Parses the answers of sources. An invalid row is dropped and counted, never the whole answer.

Credits: `{"pods_credits":[{"pod_id":"<key>","credits":<int>}…],"status":"success"}`, or the bare array. The registry:
the reply of getProgramAccounts, in which accounts of 205 bytes are registrations. Contacts and wallets, which other
accounts of the program hold, are never read.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import orjson

from jobs.prpc import fields
from jobs.prpc.base58 import base58
from jobs.prpc.errors import CallFailed, printable
from schema.domain.base import UnixSeconds
from schema.domain.network.enrichment import CreditRow, Registration
from schema.domain.node.failure import FailureCategory

PROGRAM = "CZ9bXL6D4uiLXGsSk5s8KAgTFEVp3gdpxPxTCrgm3VoL"
ACCOUNT_BYTES = 205
MAX_ROWS = 50_000
MAX_CREDITS = 2**53
_KEY_BYTES = 32
_NUMBER, _DEVNET, _MAINNET, _MANAGER, _REGISTERED, _COMMISSION = 32, 33, 65, 161, 193, 201
_NO_KEY = bytes(_KEY_BYTES)
_BASE64_CHARS = 4 * -(-ACCOUNT_BYTES // 3)

Row = TypeVar("Row")


class Read(NamedTuple):
    """The rows of an answer, and how many were dropped."""

    rows: tuple[Any, ...]
    dropped: int


def registry_question() -> object:
    """The JSON-RPC call for all registrations. It excludes all other accounts of the program."""
    options = {"encoding": "base64", "filters": [{"dataSize": ACCOUNT_BYTES}]}
    return {"jsonrpc": "2.0", "id": 1, "method": "getProgramAccounts", "params": [PROGRAM, options]}


def read_credits(body: bytes) -> Read:
    """The credits by key. If a key is repeated, its first row counts. Raises CallFailed for an invalid answer."""
    document = _json(body)
    rows: object = cast("dict[str, object]", document).get("pods_credits") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise _bad_shape("expected pods_credits, a list of pod_id and credits")
    return _unique(cast("list[object]", rows), _credit_row, lambda row: row.key)


def read_registry(body: bytes) -> Read:
    """The registrations by owner and number. Raises CallFailed for an invalid answer or an error of the RPC node."""
    document = _json(body)
    reply = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    if reply.get("error") is not None:
        raise CallFailed(FailureCategory.RPC_ERROR, f"the RPC node refused: {printable(str(reply['error']))}")
    result = reply.get("result")
    if not isinstance(result, list):
        raise _bad_shape("expected the accounts of getProgramAccounts")
    return _unique(cast("list[object]", result), _account, lambda row: (row.owner, row.number))


def registration(data: bytes) -> Registration | None:
    """Parse a registration from the bytes of its account, little endian. None if it is not a registration."""
    if len(data) != ACCOUNT_BYTES or data[:_KEY_BYTES] == _NO_KEY:
        return None
    at: UnixSeconds | None = fields.unix_seconds(int.from_bytes(data[_REGISTERED:_COMMISSION], "little", signed=True))
    if at is None:
        return None
    return Registration(
        owner=base58(data[:_KEY_BYTES]),
        number=data[_NUMBER],
        devnet_key=_key(data, _DEVNET),
        mainnet_key=_key(data, _MAINNET),
        manager=_key(data, _MANAGER),
        registered_at=at,
        commission=int.from_bytes(data[_COMMISSION:ACCOUNT_BYTES], "little"),
    )


def _key(data: bytes, at: int) -> str | None:
    """The key at an offset. None if it is all zeros, which means none."""
    found = data[at : at + _KEY_BYTES]
    return None if found == _NO_KEY else base58(found)


def _credit_row(row: object) -> CreditRow | None:
    values = cast("dict[str, object]", row) if isinstance(row, dict) else {}
    key, credits_ = fields.pubkey(values.get("pod_id")), fields.count(values.get("credits"))
    return None if key is None or credits_ is None or credits_ > MAX_CREDITS else CreditRow(key, credits_)


def _account(row: object) -> Registration | None:
    account = cast("dict[str, object]", row).get("account") if isinstance(row, dict) else None
    data = cast("dict[str, object]", account).get("data") if isinstance(account, dict) else None
    if not isinstance(data, list) or cast("list[object]", data)[1:] != ["base64"]:
        return None
    text = cast("list[object]", data)[0]
    if not isinstance(text, str) or len(text) > _BASE64_CHARS:
        return None
    try:
        return registration(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _unique(raw: list[object], read: Callable[[object], Row | None], key: Callable[[Row], object]) -> Read:
    """The valid rows, one per key, sorted by key; at most `MAX_ROWS`."""
    found: dict[object, Row] = {}
    for each in raw[:MAX_ROWS]:
        row = read(each)
        if row is not None:
            found.setdefault(key(row), row)
    rows = tuple(found[each] for each in sorted(found, key=str))
    return Read(rows, len(raw) - len(rows))


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CallFailed(FailureCategory.NOT_JSON, f"the answer is not JSON ({printable(str(error))})") from None


def _bad_shape(expected: str) -> CallFailed:
    return CallFailed(FailureCategory.BAD_SHAPE, f"the answer has another shape; {expected}")
