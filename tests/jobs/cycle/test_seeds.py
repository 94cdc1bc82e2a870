"""The configured seeds: invalid ones, ones that are never polled, and likely mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cycle.seeds import Review, review, review_of, wrong_port
from jobs.prpc.address import parse_seed
from jobs.prpc.dial import Dialler
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import FailureCategory
from server.config.networks import KNOWN_SEEDS
from server.settings import BadSettings, Settings

PUBLIC = "45.1.2.3"


def _review(*texts: str, allow_private: bool = False) -> Review:
    return review(texts, allow_private=allow_private)


def test_ordinary_seeds_give_no_remark() -> None:
    found = _review(PUBLIC, "45.1.2.4:7000", "seed.example", "[2400:cb00::1]:6000", "127.0.0.1:6001")
    assert len(found.seeds) == 5
    assert (found.malformed, found.never, found.odd) == ((), (), ())


@pytest.mark.parametrize(
    "text", ["0.0.0.1", "169.254.169.254", "203.0.113.7", "224.0.0.1", "255.255.255.255", "[::ffff:45.1.2.3]:6000"]
)
def test_an_address_that_no_pod_can_have_is_named(text: str) -> None:
    (remark,) = _review(PUBLIC, text, allow_private=True).never
    assert remark.startswith(f"seed {text} is never polled: ")
    assert "is not a valid address for a pod" in remark


@pytest.mark.parametrize("text", ["10.0.0.1", "192.168.1.7:6000", "172.16.0.1", "100.64.0.1", "[fd12::1]:6000"])
def test_a_private_address_is_named_with_the_switch_that_allows_it(text: str) -> None:
    (remark,) = _review(text).never
    assert remark.endswith("unless ALLOW_PRIVATE_SEEDS=true")
    assert _review(text, allow_private=True).never == ()


@given(st.ip_addresses(), st.booleans())
async def test_the_remark_and_the_dialler_agree(ip: object, allow_private: bool) -> None:
    text = f"[{ip}]:6000" if ":" in str(ip) else str(ip)
    named = bool(_review(text, allow_private=allow_private).never)
    try:
        await Dialler(allow_private=allow_private).route(parse_seed(text))
        refused = False
    except CallFailed as failed:
        refused = failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS
    assert named is refused


def test_each_text_that_names_no_seed_is_named_with_its_place() -> None:
    found = _review(PUBLIC, "127.1", "45.1.2.5:0", "a..b", "45.1.2.6")
    assert [problem.partition(":")[0] for problem in found.malformed] == ["item 2", "item 3", "item 4"]
    with pytest.raises(BadSettings) as refused:
        review_of(Settings(ip_nodes=(PUBLIC, "127.1", "45.1.2.5:0")))
    assert [problem[:16] for problem in refused.value.problems] == ["IP_NODES: item 2", "IP_NODES: item 3"]


def test_a_seed_that_is_there_twice_is_named_and_asked_once() -> None:
    found = _review(PUBLIC, f"{PUBLIC}:6000", "Seed.example", "seed.example:6000")
    assert len(found.seeds) == 2
    assert found.odd == (
        f"seed {PUBLIC}:6000: the same as {PUBLIC}; it is polled once",
        "seed seed.example:6000: the same as Seed.example; it is polled once",
    )


@pytest.mark.parametrize(
    ("text", "purpose"), [("45.1.2.3:9001", "gossip"), ("seed.example:9001", "gossip"), ("45.1.2.3:5000", "Atlas")]
)
def test_a_port_of_something_else_is_accepted_with_a_warning(text: str, purpose: str) -> None:
    found = _review(text)
    (remark,) = found.odd
    assert remark.startswith(f"seed {text}: {text.rpartition(':')[2]} is the ")
    assert purpose in remark
    assert f"pRPC answers on 6000, so {text.partition(':')[0]} may be meant" in remark
    assert [seed.name for seed in found.seeds] == [text]


def test_any_other_port_is_not_warned_of() -> None:
    assert wrong_port(parse_seed("45.1.2.3:6000")) is None
    assert wrong_port(parse_seed("127.0.0.1:43210")) is None


def test_remarks_are_bounded() -> None:
    assert len(_review(*(f"10.0.0.{at}" for at in range(200))).remarks) == 20


def test_a_network_without_known_seeds_needs_some_that_are_configured() -> None:
    with pytest.raises(BadSettings, match=r"NETWORK=ours: it has no known seeds; expected one of devnet, .*IP_NODES"):
        review_of(Settings(network="ours"))
    assert len(review_of(Settings(network="ours", ip_nodes=(PUBLIC,))).seeds) == 1


@pytest.mark.parametrize("network", sorted(KNOWN_SEEDS))
def test_every_known_seed_can_be_asked(network: str) -> None:
    found = review_of(Settings(network=network))
    assert (found.never, found.odd) == ((), ())
    assert len(found.seeds) == len(KNOWN_SEEDS[network]) == len(set(KNOWN_SEEDS[network]))
