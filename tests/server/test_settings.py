"""Settings: accepted values, refused values, and the messages."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.config.networks import KNOWN_SEEDS
from server.settings import LOCAL_MONGO_URI, BadSettings, Settings, expected_of, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def _load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings(None)


def test_the_documented_defaults() -> None:
    settings = load_settings(None)
    assert (settings.mongo, settings.mongo_db, settings.cache_ttl) == (LOCAL_MONGO_URI, "xandeum-monitor", 60)
    assert (settings.host, settings.port, settings.network) == ("127.0.0.1", 8000, "devnet")
    assert settings.ip_nodes == KNOWN_SEEDS["devnet"]
    assert len(set(settings.ip_nodes)) == 9
    assert settings.sisters == {}


@pytest.mark.parametrize("blank", ["", " ", "\t"])
@pytest.mark.parametrize("name", sorted(name.upper() for name in Settings.model_fields))
def test_an_empty_value_means_the_default(name: str, blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    default = getattr(load_settings(None), name.lower())
    assert getattr(_load(monkeypatch, **{name: blank}), name.lower()) == default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("CACHE_TTL", "5", 5),
        ("CACHE_TTL", " 90 ", 90),
        ("IP_NODES", "127.0.0.1:6001, seed.example:6000,,127.0.0.1:6001", ("127.0.0.1:6001", "seed.example:6000")),
        ("IP_NODES", "[2001:db8::1]:6000", ("[2001:db8::1]:6000",)),
        ("ALLOWED_ORIGINS", "https://a.example,https://b.example", ("https://a.example", "https://b.example")),
        (
            "SISTER_DEPLOYMENTS",
            "mainnet-alpha=https://pnodes.example.org/, trynet=http://[2001:db8::1]:8000/x",
            ("mainnet-alpha=https://pnodes.example.org", "trynet=http://[2001:db8::1]:8000/x"),
        ),
        ("LOG_LEVEL", "WARNING", "warning"),
        ("LATEST_VERSION", "v1.2.0", "v1.2.0"),
        ("LATEST_VERSION_MIN_SHARE", "0.1", 0.1),
        ("DATA_DIR", "/var/lib/pnodes", Path("/var/lib/pnodes")),
        ("ALLOW_PRIVATE_SEEDS", "true", True),
        ("DRAIN_SECONDS", "0", 0.0),
    ],
)
def test_accepted(name: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert getattr(_load(monkeypatch, **{name: text}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CACHE_TTL", "4"),
        ("CACHE_TTL", "3601"),
        ("CACHE_TTL", "60s"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("IP_NODES", ","),
        ("IP_NODES", "http://198.18.1.1:6000/rpc"),
        ("IP_NODES", ",".join(f"10.0.{i // 256}.{i % 256}" for i in range(257))),
        ("MONGO_DB", "a.b"),
        ("MONGO_DB", "a" * 51),
        ("MONGO_URI", "postgres://localhost"),
        ("REDIS_URL", "localhost:6379"),
        ("NETWORK", "Dev Net"),
        ("SISTER_DEPLOYMENTS", "https://pnodes.example.org"),
        ("SISTER_DEPLOYMENTS", "trynet=ftp://pnodes.example.org"),
        ("SISTER_DEPLOYMENTS", "trynet=https://"),
        ("SISTER_DEPLOYMENTS", "trynet=https://a.example?x=1"),
        ("SISTER_DEPLOYMENTS", "trynet=https://a.example/#x"),
        ("SISTER_DEPLOYMENTS", "trynet=https://a.example:99999"),
        ("SISTER_DEPLOYMENTS", "trynet=https://a.example/<b>"),
        ("SISTER_DEPLOYMENTS", "Try Net=https://a.example"),
        ("SISTER_DEPLOYMENTS", "trynet=https://a.example,trynet=https://b.example"),
        ("SISTER_DEPLOYMENTS", ",".join(f"n{number}=https://a.example" for number in range(17))),
        ("SISTER_DEPLOYMENTS", "trynet=https://a.example/" + "x" * 512),
        ("LATEST_VERSION", "newest"),
        ("LATEST_VERSION", "0.8.x"),
        ("LATEST_VERSION", "0.8.0-pre+build+2"),
        ("LATEST_VERSION", "0.8.0-" + "a" * 64),
        ("LATEST_VERSION_MIN_SHARE", "5"),
        ("LATEST_VERSION_MIN_SHARE", "nan"),
        ("RPC_MAX_BODY_BYTES", "1"),
        ("RAW_RETENTION_HOURS", "0"),
        ("LOG_FORMAT", "xml"),
        ("RATE_LIMIT", "-1"),
        ("SLOW_REQUEST_MS", "0"),
    ],
)
def test_refused_with_variable_value_and_expectation(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings) as refused:
        _load(monkeypatch, **{name: text})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{name}={text[:20]}") or (name, text) == ("IP_NODES", ",")
    assert f"expected {expected_of(name.lower())}" in problem


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings) as refused:
        _load(monkeypatch, CACHE_TTL="1", PORT="x", NETWORK="?")
    assert [problem.partition("=")[0] for problem in refused.value.problems] == ["CACHE_TTL", "NETWORK", "PORT"]


@pytest.mark.parametrize("network", sorted(KNOWN_SEEDS))
def test_a_known_network_brings_its_own_seeds(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch, NETWORK=f" {network} ")
    assert settings.ip_nodes == KNOWN_SEEDS[network]
    others = {seed for name, seeds in KNOWN_SEEDS.items() if name != network for seed in seeds}
    assert not others & set(settings.ip_nodes)


@pytest.mark.parametrize("network", ["mainnet-alpha", "a-network-of-ours"])
def test_configured_seeds_win_over_those_of_the_network(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _load(monkeypatch, NETWORK=network, IP_NODES="45.1.2.3").ip_nodes == ("45.1.2.3",)


def test_a_network_that_nobody_knows_has_no_seeds_rather_than_those_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _load(monkeypatch, NETWORK="a-network-of-ours").ip_nodes == ()


def test_a_sister_with_a_password_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings) as refused:
        _load(monkeypatch, SISTER_DEPLOYMENTS="trynet=https://me:hunter2@a.example")
    assert "hunter2" not in str(refused.value)
    assert "would be published" in str(refused.value)


def test_a_source_has_https_or_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch, CREDITS_URL="http://127.0.0.1:9/x", SOLANA_RPC_URL="https://rpc.example/KEY?k=SECRET")
    assert settings.credits_url is not None
    assert settings.solana_rpc_url is not None
    assert settings.solana_rpc_url.origin == "https://rpc.example"
    assert "SECRET" not in repr(settings)
    assert "KEY" not in repr(settings.solana_rpc_url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://credits.example/api", "neither https:// nor http:// to this machine"),
        ("credits.example", "no host"),
        ("https://", "no host"),
        ("https://rpc.example:0", "no host"),
        ("https://rpc.example/#x", "fragment"),
        ("https://rpc.example/" + "x" * 2_048, "more than 2048 characters"),
    ],
)
@pytest.mark.parametrize("name", ["CREDITS_URL", "SOLANA_RPC_URL"])
def test_the_url_of_a_source_is_refused_with_a_reason(
    name: str, url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadSettings) as refused:
        _load(monkeypatch, **{name: url})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{name}=***: expected {expected_of(name.lower())}")
    assert reason in problem


@pytest.mark.parametrize("url", ["https://u:SECRET@rpc.example", "https://rpc.example/SECRET x", "https://[SECRET/"])
def test_the_url_of_a_source_is_in_no_message(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings) as refused:
        _load(monkeypatch, SOLANA_RPC_URL=url)
    assert "SECRET" not in str(refused.value)


def test_a_deployment_is_no_sister_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings, match="SISTER_DEPLOYMENTS=trynet=…: expected networks other than NETWORK"):
        _load(monkeypatch, NETWORK="trynet", SISTER_DEPLOYMENTS="trynet=https://a.example")
    assert _load(monkeypatch, NETWORK="devnet").sisters == {"trynet": "https://a.example"}


def test_a_grace_under_the_interval_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings, match=r"LIVENESS_GRACE_SECONDS=60: expected at least CACHE_TTL \(90\)"):
        _load(monkeypatch, CACHE_TTL="90", LIVENESS_GRACE_SECONDS="60")


def test_hours_that_are_kept_shorter_than_minutes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings, match="H1_RETENTION_DAYS=7: expected at least M5_RETENTION_DAYS"):
        _load(monkeypatch, H1_RETENTION_DAYS="7")


def test_discovery_without_probes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings, match="SEED_DISCOVERY=true: expected PROBE_NODES=true too"):
        _load(monkeypatch, SEED_DISCOVERY="true")
    assert _load(monkeypatch, SEED_DISCOVERY="true", PROBE_NODES="on").seed_discovery


def test_a_password_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettings) as refused:
        _load(monkeypatch, MONGO_URI="mongo://me:hunter2@db.example/", REDIS_URL="http://:hunter2@cache.example")
    assert "hunter2" not in str(refused.value)
    assert "mongo://me:***@db.example/" in str(refused.value)


def test_a_password_is_not_in_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch, MONGO_URI="mongodb://me:hunter2@db.example/")
    assert "hunter2" not in repr(settings)
    assert settings.mongo == "mongodb://me:hunter2@db.example/"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("CACHE_TTL=90\nPORT=9000\nMONGO_DB=\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "9001")
    settings = load_settings(file)
    assert (settings.cache_ttl, settings.port, settings.mongo_db) == (90, 9001, "xandeum-monitor")


GOOD_ITEMS = {
    "IP_NODES": "45.1.2.3",
    "TRUSTED_SEEDS": "45.1.2.3",
    "PROBE_OPT_OUT": "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T",
}
NO_ITEMS = st.text(st.sampled_from("/ @\"'#?é0Ol"), min_size=1, max_size=100).filter(
    lambda text: bool(set(text.strip()) - set("0Ol"))
)


@given(st.sampled_from(sorted(GOOD_ITEMS)), st.lists(NO_ITEMS | st.none(), min_size=1, max_size=6).filter(any))
def test_every_item_of_a_list_is_looked_at_and_named_with_its_place(name: str, items: list[str | None]) -> None:
    # With good ones around it, because quotes at either end are another case.
    texts = [GOOD_ITEMS[name], *(item or GOOD_ITEMS[name] for item in items), GOOD_ITEMS[name]]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(name, ",".join(texts))
        with pytest.raises(BadSettings) as refused:
            load_settings(None)
    (problem,) = refused.value.problems
    wrong = [(place, item) for place, item in enumerate(items, 2) if item is not None]
    for place, item in wrong[:5]:
        assert f"item {place}, {item.strip()[:80]!r}" in problem


def test_lower_case_variables_are_settings_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("port=9000\ncache_ttl=90\n", encoding="utf-8")
    monkeypatch.setenv("port", "9001")
    settings = load_settings(file)
    assert (settings.port, settings.cache_ttl) == (9001, 90)
