"""Classification of addresses: literals, seeds as configured, and address ranges."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.prpc.address import Endpoint, Reach, Seed, canonical_address, parse_ip, parse_seed, reach_of

REACHES = {
    Reach.PUBLIC: ["8.8.8.8", "45.1.2.7", "192.0.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a01:4f8::1"],
    Reach.LOOPBACK: ["127.0.0.1", "127.255.255.254", "::1"],
    Reach.PRIVATE: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1"],
    Reach.NEVER: [
        *("0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.192"),  # noqa: S104 - an address to be refused; nothing binds to it
        *("192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.5", "224.0.0.1", "239.1.1.1"),
        *("240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16"),
        *("::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::1", "2002:808:808::1", "2001:0:7f00:1::", "2001:10::1", "2001:db8::1"),
        *("3fff::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fec0::1", "ff02::1", "100::1", "5f00::1", "4000::1"),
    ],
}


@pytest.mark.parametrize(("text", "reach"), [(text, reach) for reach, texts in REACHES.items() for text in texts])
def test_each_range_has_its_reach(text: str, reach: Reach):
    assert reach_of(ip_address(text)) is reach


@given(st.ip_addresses())
def test_no_address_without_a_reach_and_nothing_public_that_python_calls_private(ip: IPv4Address | IPv6Address):
    reach = reach_of(ip)
    assert reach is not Reach.PUBLIC or not (ip.is_private or ip.is_multicast or ip.is_reserved or ip.is_unspecified)


@pytest.mark.parametrize(
    "text",
    [
        *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1 ", "127。0。0。1", "①②⑦.0.0.1"),
        *("localhost", "127.0.0.1:80@8.8.8.8", "fe80::1%eth0", "", "1.2.3.4.5", "01.2.3.4", "١.1.1.1"),
    ],
)
def test_only_whole_literals_are_ip_addresses(text: str):
    with pytest.raises(ValueError, match=r".*"):
        parse_ip(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45.1.2.7:9001", "45.1.2.7:9001"),
        ("45.1.2.7:1", "45.1.2.7:1"),
        ("45.1.2.7:65535", "45.1.2.7:65535"),
        ("127.0.0.1:9015", "127.0.0.1:9015"),
        ("[2A01:4F8:0::1]:9001", "[2a01:4f8::1]:9001"),
        ("[::ffff:45.1.2.7]:9001", "45.1.2.7:9001"),
        ("45.1.2.7", None),
        ("45.1.2.7:0", None),
        ("45.1.2.7:65536", None),
        ("45.1.2.7:09001", None),
        ("45.1.2.7:+9001", None),
        ("45.1.2.7:9_001", None),
        ("45.1.2.7:٩", None),
        ("45.1.2.7:9001\n", None),
        (" 45.1.2.7:9001", None),
        ("[45.1.2.7]:9001", None),
        ("2a01:4f8::1:9001", None),
        ("[2a01:4f8::1%1]:9001", None),
        ("[2a01:4f8::1]", None),
        ("pod.example:9001", None),
        ("127.1:9001", None),
        ("2130706433:9001", None),
        ("", None),
        (":", None),
        ("[]:1", None),
        ("1" * 65, None),
    ],
)
def test_a_pods_address_is_one_literal_with_a_port_in_one_spelling(text: str, expected: str | None):
    assert canonical_address(text) == expected


@given(st.text() | st.from_regex(r"\[?[0-9a-f.:%]{0,40}\]?:[0-9]{0,6}", fullmatch=True))
def test_spelling_an_address_is_total_and_idempotent(text: str):
    spelled = canonical_address(text)
    assert spelled is None or canonical_address(spelled) == spelled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45.1.2.7", Seed("45.1.2.7", "45.1.2.7", 6000)),
        (" 45.1.2.7:6001 ", Seed("45.1.2.7:6001", "45.1.2.7", 6001)),
        ("[2A01::1]", Seed("[2A01::1]", "2a01::1", 6000)),
        ("[2a01::1]:6001", Seed("[2a01::1]:6001", "2a01::1", 6001)),
        ("2a01::1", Seed("2a01::1", "2a01::1", 6000)),
        ("Pod-1.Example.org", Seed("Pod-1.Example.org", "pod-1.example.org", 6000, named=True)),
        ("localhost:6001", Seed("localhost:6001", "localhost", 6001, named=True)),
        ("pnode_1", Seed("pnode_1", "pnode_1", 6000, named=True)),
    ],
)
def test_a_seed_is_read_in_every_form(text: str, expected: Seed):
    assert parse_seed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", ":6000", "45.1.2.7:", "45.1.2.7:0", "45.1.2.7:65536", "45.1.2.7:x", "[2a01::1]x", "[2a01::1", "[pod]:1"),
        *("[45.1.2.7]", "http://45.1.2.7", "45.1.2.7/rpc", "127.1", "2130706433", "0x7f.1", "0x7f000001", "pod.0x1"),
        *("①②⑦.0.0.1", "pod..example", "-pod", "user@pod", "fe80::1%eth0", "a" * 64, ("a" * 60 + ".") * 5 + "org"),
    ],
)
def test_a_seed_that_is_neither_a_literal_nor_a_name_is_refused_by_name(text: str):
    with pytest.raises(ValueError, match=r"^seed '"):
        parse_seed(text)


def test_an_endpoint_is_written_with_brackets_where_they_are_needed():
    assert [str(Endpoint("45.1.2.7", 6000)), str(Endpoint("::1", 6000))] == ["45.1.2.7:6000", "[::1]:6000"]
