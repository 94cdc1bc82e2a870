"""Damaged responses: bytes that are changed in transit, and valid JSON with impossible content."""

import json
from random import Random
from typing import Any

HOSTILE_BYTES: tuple[bytes, ...] = (
    *(b"NaN", b"1e400", b"-1e400", b"-0.0", b"1" * 400, b"-", b"null", b"true", b'"', b"\\", b"\\ud800", b"\xff\xfe"),
    *(b"\x00", b"{", b"}", b"[" * 2_000, b"]", b",", b":", b'"pods":', b'"error":{}', b"\r\n\r\n", b"<html>", b"0x1"),
)
HOSTILE_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, -0.0, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 0.1, -1e-9, 1e308),
    *("", " ", "unknown", "NaN", "1" * 5_000, "\u202e\x00", "\ud7ff", "<script>", "0.8.0", "999999999.1.1", "v1", "1."),
    *("127.0.0.1:9001", "[::1]:9001", "10.0.0.1:1", "45.0.1.7:0", "45.0.1.7:99999", "host:9001", "45.0.1.7"),
    *([], {}, [[]], {"": None}, [None] * 50, {"pods": []}, {"version": {"version": "1"}}),
)


def damaged(body: bytes, random: Random) -> bytes:
    """Some bytes are flipped, lost, doubled, or replaced by bytes that confuse parsers."""
    data = bytearray(body)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << random.randrange(8)
            case 1:
                del data[at : at + random.randint(1, 40)]
            case 2:
                data[at:at] = data[at : at + random.randint(1, 80)]
            case 3:
                data[at : at + random.randint(0, 12)] = random.choice(HOSTILE_BYTES)
            case 4:
                data[at:] = b""
            case _:
                data[at:at] = random.randbytes(random.randint(1, 8))
    return bytes(data)


def distorted(value: Any, random: Random, share: float) -> Any:
    """The same JSON, with about this share of its values replaced, keys lost or renamed, and items doubled."""
    if random.random() < share:
        return random.choice(HOSTILE_VALUES)
    if isinstance(value, dict):
        made = {name: distorted(item, random, share) for name, item in value.items() if random.random() > share / 4}
        if made and random.random() < share / 4:
            name = random.choice(list(made))
            made[name.upper()] = made.pop(name)
        return made
    if isinstance(value, list):
        items = [distorted(item, random, share) for item in value]
        return items + items[:1] if random.random() < share else items
    if isinstance(value, int) and not isinstance(value, bool) and random.random() < share:
        return value + random.choice((-1, 1)) * 10 ** random.randrange(20)
    return value


def mutated(body: bytes, random: Random) -> bytes:
    """The body of one response, damaged either in its bytes or in its values."""
    if random.random() < 0.4:
        return damaged(body, random)
    try:
        envelope = json.loads(body)
    except ValueError:
        return damaged(body, random)
    if not isinstance(envelope, dict) or random.random() < 0.1:
        return json.dumps(distorted(envelope, random, 0.1)).encode()
    return json.dumps(
        {**envelope, "result": distorted(envelope.get("result"), random, random.choice((0.02, 0.1, 0.4)))}
    ).encode()
