"""The settings for the address of the API and for access to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.config.exposure import origin_of, proxy_of
from server.settings import BadSettings, Settings, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://dash.example", "https://dash.example"),
        ("https://dash.example/", "https://dash.example"),
        ("https://Dash.Example", "https://dash.example"),
        ("HTTPS://dash.example", "https://dash.example"),
        ("https://dash.example:443", "https://dash.example"),
        ("http://dash.example:80/", "http://dash.example"),
        ("http://dash.example:8080", "http://dash.example:8080"),
        ("https://dash.example:80", "https://dash.example:80"),
        ("http://[2001:DB8:0::1]:3000", "http://[2001:db8::1]:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written: str, sent: str) -> None:
    assert origin_of(written) == sent
    assert origin_of(sent) == sent


@pytest.mark.parametrize(
    "text",
    [
        "dash.example",
        "//dash.example",
        "https://",
        "https:///",
        "https:/dash.example",
        "https://dash.example/app",
        "https://dash.example?x",
        "https://dash.example#x",
        "https://me@dash.example",
        "https://*.dash.example",
        "https://dash.example:port",
        "https://dash.example:70000",
        "https://dash example",
        "https://[2001:db8::g]",
        '"https://dash.example"',
        "'https://dash.example'",
    ],
)
def test_what_no_browser_sends_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", f"https://good.example,{text}")
    with pytest.raises(BadSettings) as refused:
        load_settings(None)
    (problem,) = refused.value.problems
    assert problem.startswith("ALLOWED_ORIGINS=")
    assert text in problem


@given(st.text(max_size=40))
def test_an_origin_is_normal_or_refused(text: str) -> None:
    try:
        sent = origin_of(text)
    except ValueError:
        return
    assert sent == origin_of(sent) == sent.lower()
    assert not sent.endswith("/")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fd00::1/8", "fd00::/8"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("*", "*"),
    ],
)
def test_a_proxy_is_an_address_or_a_network(written: str, meant: str) -> None:
    assert proxy_of(written) == meant


@pytest.mark.parametrize("text", ["proxy.internal", "10.0.0", "10.0.0.1:80", "10.0.0.0/33", "/8", "10.*", '"10.0.0.1"'])
def test_a_proxy_that_could_never_match_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", f"10.0.0.1,{text}")
    with pytest.raises(BadSettings) as refused:
        load_settings(None)
    assert text in refused.value.problems[0]


@pytest.mark.parametrize(("text", "prefix"), [("/", ""), ("/pnodes/", "/pnodes"), ("/a/b-c_d.e~f", "/a/b-c_d.e~f")])
def test_a_root_path_ends_without_a_slash(text: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOT_PATH", text)
    assert load_settings(None).root_path == prefix


@pytest.mark.parametrize("text", ["pnodes", "https://a.example/pnodes", "/a?b", "/a//b", "/a b", "/ä", '/"a"'])
def test_what_is_no_path_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOT_PATH", text)
    with pytest.raises(BadSettings, match="ROOT_PATH="):
        load_settings(None)


@pytest.mark.parametrize("text", ["::", "::1", "127.0.0.1", "localhost", "api.internal", "2001:db8::1"])
def test_hosts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", text)
    assert load_settings(None).host == text


@pytest.mark.parametrize("text", ["localhost:8000", "0.0.0.0:8000", "[::1]", "http://a", "*", "::g"])
def test_what_is_no_host_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", text)
    with pytest.raises(BadSettings, match="HOST="):
        load_settings(None)
