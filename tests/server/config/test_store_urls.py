"""Invalid store URLs are refused before anything starts, and no message contains any part of a password."""

import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jobs import cli, worker
from jobs.commands import check_config
from server import __main__ as api
from server.config.store_urls import check_mongo_uri, check_redis_url
from server.process.masking import mask_url
from server.settings import BadSettings, Settings, load_settings

SECRET = "correct-horse/battery"

BAD_MONGO = {
    "slash": "mongodb://app:pa/ss@h/db",
    "at": "mongodb://u:p@ss@h",
    "question mark": "mongodb://u:p?ss@h",
    "percent": "mongodb://u:p%zz@h",
    "colon": "mongodb://u:p:ss@h",
    "digits and a slash": "mongodb://u:12/xyzw@h",
    "bracket": "mongodb://u:[pw@h/db/",
    "unacknowledged": "mongodb://h/?w=0",
    "conflict": "mongodb://h/?tls=true&ssl=false",
    "large port": "mongodb://h:99999",
    "port 0": "mongodb://h:0",
    "no number": "mongodb://user:secret",
    "no host": "mongodb://:27017",
    "nothing": "mongodb://",
    "no host, a database": "mongodb:///db",
    "empty item": "mongodb://a,,b/",
    "host with a blank": "mongodb://a b/",
    "unknown option": "mongodb://h/?foo=1",
    "bad value": "mongodb://h/?readPreference=any",
    "unknown compressor": "mongodb://h/?compressors=magic",
    "SRV with a bad value": "mongodb+srv://u:pw@cluster.example/?readPreference=any",
    "no CA file": "mongodb://h/?tls=true&tlsCAFile=/nowhere.pem",
    "mechanism without a user": "mongodb://h/?authMechanism=SCRAM-SHA-256",
    "unknown mechanism": "mongodb://u:pw@h/?authMechanism=MAGIC",
    "database with a dot and a blank": "mongodb://h/d b",
    "comment": "mongodb://u:pw@h/db # ours",
    "SRV with a port": "mongodb+srv://u:pw@h:27017/",
    "SRV with two hosts": "mongodb+srv://u:pw@a,b/",
    "SRV with an unknown option": "mongodb+srv://u:pw@cluster.example/?foo=1",
    "line break": "mongodb://u:p\nw@h",
}
BAD_REDIS = {
    "hash": "redis://:pa#ss@h/0",
    "hash behind digits": "redis://u:12#xyzw@h",
    "slash": "redis://:pa/ss@h/0",
    "slash behind digits": "redis://:12/34@h",
    "user, digits and a slash": "redis://u:12/xyzw@h/0",
    "question mark": "redis://:pa?ss@h/0",
    "question mark behind digits": "redis://u:12?xyzw@h",
    "option behind digits": "redis://u:12?pw=xyzw@h",
    "bracket": "redis://:p[a]ss@h",
    "large port": "redis://h:99999",
    "port 0": "redis://h:0",
    "no number": "redis://:secret",
    "no host": "redis://",
    "no host, a database": "redis:///0",
    "database": "redis://h/main",
    "negative database": "redis://h/-1",
    "cluster": "redis://a:6379,b:6379",
    "cluster without ports": "redis://a,b/0",
    "host with a blank": "redis://a b/0",
    "unknown option": "redis://h/0?foo=1",
    "option for code": "redis://h/0?retry=1",
    "answers as text": "redis://h/0?decode_responses=true",
    "TLS option without TLS": "redis://h?ssl_cert_reqs=none",
    "bad value": "redis://h/0?socket_timeout=soon",
    "protocol": "redis://h?protocol=7",
    "certificate rule": "rediss://h?ssl_cert_reqs=perhaps",
    "no CA file": "rediss://h?ssl_ca_certs=/nowhere.pem",
    "no socket": "unix://",
    "tabulator": "redis://:p\tw@h",
}

GOOD = [
    (check_mongo_uri, "mongodb://127.0.0.1:27017"),
    (check_mongo_uri, "mongodb://a:27017,b:27018,c/db?replicaSet=rs0&w=majority&readPreference=secondary"),
    (check_mongo_uri, "mongodb://u:p%40s%2Fs%25@h/db?authSource=admin&tls=true"),
    (check_mongo_uri, "mongodb://[::1]:27017/"),
    (check_mongo_uri, "mongodb://h/?compressors=snappy,zstd,zlib"),
    (check_mongo_uri, "mongodb://%2Ftmp%2Fmongodb-27017.sock/"),
    (check_mongo_uri, "mongodb+srv://u:p@cluster0.example.net/?retryWrites=true&w=majority&appName=Cluster0"),
    (check_redis_url, "redis://127.0.0.1:6379/0"),
    (check_redis_url, "redis://h"),
    (check_redis_url, "redis://:p%23a%2Fss@h:6380/15?socket_timeout=5&health_check_interval=30"),
    (check_redis_url, "redis://user:p@ss@[::1]:6379/1"),
    (check_redis_url, "rediss://default:pw@cache.example:6379"),
    (check_redis_url, "rediss://h?ssl_cert_reqs=none"),
    (check_redis_url, "rediss://h?ssl_check_hostname=false"),
    (check_redis_url, "unix:///run/valkey.sock?db=1"),
]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "url"),
    [("MONGO_URI", url) for url in BAD_MONGO.values()] + [("REDIS_URL", url) for url in BAD_REDIS.values()],
    ids=[f"mongo: {of}" for of in BAD_MONGO] + [f"redis: {of}" for of in BAD_REDIS],
)
def test_a_url_that_no_driver_can_use_is_one_line(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(BadSettings) as refused:
        load_settings(None)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{name}=")
    assert ": expected " in problem
    assert problem.isprintable()


@pytest.mark.parametrize(("check", "url"), GOOD, ids=[url for _, url in GOOD])
def test_a_url_that_a_driver_can_use_is_accepted(check: Callable[[str], None], url: str) -> None:
    check(url)


COMMANDS: dict[str, Callable[[], int]] = {
    "check-config": lambda: cli.main(["check-config"]),
    "up": lambda: cli.main(["up"]),
    "up --simulate": lambda: cli.main(["up", "--simulate"]),
    "import": lambda: cli.main(["import", "list.json"]),
    "API": lambda: api.main([]),
    "worker": lambda: worker.main([]),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("MONGO_URI", f"mongodb://app:{SECRET}@h/db"),
        ("MONGO_URI", f"mongodb://app:{SECRET}@h/?w=0"),
        ("REDIS_URL", f"redis://:{SECRET}@h/0"),
        ("REDIS_URL", f"redis://:{SECRET.replace('/', '#')}@h/0"),
    ],
)
def test_every_start_refuses_it_with_status_2(
    command: str, name: str, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, url)
    assert COMMANDS[command]() == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert f"{name}=" in line
    assert not _pieces(SECRET) & _pieces(said.out + said.err)


def _pieces(text: str, size: int = 4) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}


# Characters of a password that no printed text of ours has, so no piece of it is there by chance.
FOREIGN = "XQZJKVWYĄŁŻß€🔑"
ODD = "/?#@:[]%&=+;,!$'\"()*~ \\^{}|<>`"
passwords = st.text(st.sampled_from(FOREIGN + ODD + string.digits), min_size=4, max_size=24).filter(
    # A piece without any special character may be in a message by chance, such as "://".
    lambda text: all(set(piece) & set(FOREIGN) for piece in _pieces(text)) and text == text.strip()
)
SHAPES = (
    "mongodb://app:{}@h/db",
    "mongodb://app:{}@a:1,b:2/db?replicaSet=rs0",
    "mongodb+srv://app:{}@cluster.example/",
    "mongodb://{}@h/db",
    "mongodb://app:{}@h:port/",
    "mongodb://app:{}@h/?foo=1",
    "mongodb://h/?tls=true&tlsCertificateKeyFilePassword={}&foo=1",
    "mongodb://app:{}",
    "redis://:{}@h/0",
    "redis://app:{}@h:6379/0",
    "redis://{}@h",
    "redis://:{}@h/0?foo=1",
    "redis://:{}",
    "rediss://:{}@h?ssl_ca_certs=/nowhere",
    "unix://:{}@/run/valkey.sock",
    "Mongodb://app:{}@h",
    '"redis://:{}@h/0"',
)


@given(passwords, st.sampled_from(SHAPES))
@example("XQ/ZJKV", "mongodb://app:{}@h/db")
@example("XQ#ZJKV", "redis://:{}@h/0")
@example("12/ZJKV", "redis://app:{}@h:6379/0")
@example("XQ@Z:J@KV", "mongodb://app:{}@h/db")
@example("00?J", "mongodb://app:{}")
@example("00?J=1", "mongodb://app:{}")
def test_no_piece_of_a_password_is_in_any_output(password: str, shape: str) -> None:
    # After an @, the rest of a password reads as the name of a host if none follows.
    assume("@" not in password or not shape.endswith("{}"))
    # Before a colon, it reads as the name of a user if none precedes.
    assume(":" not in password or "//{}@" not in shape)
    url = shape.format(password)
    for name in ("MONGO_URI", "REDIS_URL"):
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(name, url)
            found = check_config.report({name: url}, Path("nowhere/.env"), ask=lambda _uri, _seconds: None)
        said = "\n".join((*found.effective, *found.problems, *found.warnings))
        assert not _pieces(password) & _pieces(said), said
    assert not _pieces(password) & _pieces(mask_url(url))
