"""Accounts of the registry's program, built from its layout. Every key is invented."""

import base64
from typing import Any

from jobs.enrich.answers import PROGRAM

NONE = bytes(32)


def key_bytes(number: int) -> bytes:
    """An invented key of 32 bytes. Equal numbers give equal keys."""
    return bytes([number % 255 + 1]) * 32


def account(
    owner: bytes = key_bytes(1),
    *,
    number: int = 0,
    devnet: bytes = NONE,
    mainnet: bytes = NONE,
    manager: bytes = NONE,
    registered_at: int = 1_760_000_000,
    commission: int = 500,
) -> bytes:
    """The 205 bytes of a registration."""
    return b"".join(
        (
            owner,
            bytes([number]),
            devnet,
            mainnet,
            NONE,
            NONE,
            manager,
            registered_at.to_bytes(8, "little", signed=True),
            commission.to_bytes(4, "little"),
        )
    )


def reply(*accounts: bytes) -> dict[str, Any]:
    """The JSON-RPC reply of getProgramAccounts."""
    rows = [
        {
            "pubkey": "11111111111111111111111111111111",
            "account": {
                "data": [base64.b64encode(data).decode(), "base64"],
                "executable": False,
                "lamports": 1,
                "owner": PROGRAM,
                "rentEpoch": 0,
                "space": len(data),
            },
        }
        for data in accounts
    ]
    return {"jsonrpc": "2.0", "result": rows, "id": 1}
