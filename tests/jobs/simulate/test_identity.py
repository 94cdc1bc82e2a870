import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.prpc.base58 import ALPHABET, base58
from jobs.simulate.identity import MALFORMED_KEY, private_host, pubkey, public_host


def decoded(text: str) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


@given(st.binary(max_size=40))
def test_base58_keeps_every_byte(data: bytes) -> None:
    assert decoded(base58(data)) == data


def test_base58_agrees_with_a_known_key() -> None:
    assert base58(bytes(32)) == "1" * 32
    assert base58(b"hello world") == "StV1DL6CwTryKyV"


@given(st.integers(0, 2**31), st.integers(-1_000, 10**6))
def test_keys_are_of_32_bytes(seed: int, number: int) -> None:
    assert len(decoded(pubkey(seed, number))) == 32


def test_the_malformed_key_is_no_base58() -> None:
    assert set(MALFORMED_KEY) - set(ALPHABET)


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_public_addresses_are_global_and_unique_and_far_apart(seed: int) -> None:
    hosts = [public_host(seed, number) for number in range(20_000)]
    assert len(set(hosts)) == 20_000
    assert all(ipaddress.ip_address(host).is_global for host in hosts)
    assert len({host.rpartition(".")[0] for host in hosts}) > 19_000


def test_private_addresses_are_of_four_kinds_and_unique() -> None:
    hosts = [private_host(number) for number in range(4_000)]
    assert len(set(hosts)) == 4_000
    assert not any(ipaddress.ip_address(host).is_global for host in hosts)
    kinds = ("192.168.0.0/16", "100.64.0.0/10", "10.0.0.0/8", "127.0.0.0/8")
    for kind in kinds:
        assert sum(ipaddress.ip_address(host) in ipaddress.ip_network(kind) for host in hosts) == 1_000
