"""Invented keys and addresses: they look public, are unique, and belong to nobody."""

from hashlib import blake2b

from jobs.prpc.base58 import base58

GOSSIP_PORT = 9001
RPC_PORT = 6000
# The test record that some pod released into the real network looked like this: a string that is not a key.
MALFORMED_KEY = "SimulatedKey0"
# Globally routable in every registry, but used by no hosting provider, so an invented address is never a real pNode.
BLOCKS = (6, 7, 11, 21, 22, 26, 28, 29, 30)
HOSTS_PER_NET = 254
POOL = len(BLOCKS) * 65_536 * HOSTS_PER_NET
STRIDE = 39_916_801  # prime, and no divisor of POOL: neighbours land in networks far apart, and no address repeats


def pubkey(seed: int, number: int) -> str:
    """The key with this number in the network of this seed: base58 of 32 bytes."""
    return base58(blake2b(f"pnode/{seed}/{number}".encode(), digest_size=32).digest())


def public_host(seed: int, number: int) -> str:
    """The address with this number, unique below the pool's 150 million. Two of them rarely share a /24."""
    offset = int.from_bytes(blake2b(f"host/{seed}".encode(), digest_size=8).digest())
    net, last = divmod((number * STRIDE + offset) % POOL, HOSTS_PER_NET)
    return f"{BLOCKS[net >> 16]}.{(net >> 8) & 255}.{net & 255}.{last + 1}"


def private_host(number: int) -> str:
    """An address that must never be dialled: 192.168/16, 100.64/10, 10/8 and 127/8 in turn. Unique below 2^18."""
    kind, number = number % 4, number // 4
    high, low = (number >> 8) & 255, number & 255
    return (f"192.168.{high}.{low}", f"100.64.{high}.{low}", f"10.20.{high}.{low}", f"127.1.{high}.{low}")[kind]
