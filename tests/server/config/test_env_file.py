"""`.env`: values are used as written, and an unreadable line gives one message with file and line number."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import cli
from server.config.env_file import MAX_BYTES, BadEnvFile, read_env_file
from server.settings import BadSettings, Settings, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def _written(raw: bytes) -> Path:
    place = Path(".env")
    place.write_bytes(raw)
    return place


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", {}),
        (b"# nothing\n\n  # set\n", {}),
        (b"PORT=9000\r\nHOST=::1\r\n", {"PORT": "9000", "HOST": "::1"}),
        (b"PORT=", {"PORT": ""}),
        (b'export PORT="9000" # why\n', {"PORT": "9000"}),
        (b"\xef\xbb\xbfPORT=9000\n", {"PORT": "9000"}),
        (b"DATA_DIR='a b'\n", {"DATA_DIR": "a b"}),
        (b"DATA_DIR=/srv/${USER}/$HOME\n", {"DATA_DIR": "/srv/${USER}/$HOME"}),
    ],
)
def test_what_lines_set(raw: bytes, found: dict[str, str]) -> None:
    assert read_env_file(_written(raw)) == found


def test_a_file_that_is_not_there_sets_nothing() -> None:
    assert read_env_file(Path("nowhere/.env")) == {}


SECRET = "swordfish"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"PORT=9000\nMONGO_URI mongodb://u:swordfish@h\n", 2),
        (b"\n\n# a comment\n\nMONGO_URI='mongodb://u:swordfish@h\nPORT=1\n", 5),
        (b'REDIS_URL="redis://:swordfish@h\n', 1),
        (b"MONGO_URI=mongodb://u:sword\nswordfish\n", 2),
        (b"MONGO_URI=mongodb://u:sword\nswordfish@h/?w=majority\n", 2),
        (b"PORT=1\n=swordfish\n", 2),
        (b"2PORT=swordfish\n", 1),
        (b"PORT=1\nNETWORK=caf\xe9swordfish\n", 2),
        ("PORT=1\n".encode("utf-16"), 1),
        (b"PORT=1\n\nHOST=sword\0fish\n", 3),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_not_repeated(
    raw: bytes, line: int, capsys: pytest.CaptureFixture[str]
) -> None:
    _written(raw)
    for command in (["check-config"], ["up"], ["probe", "127.0.0.1:1"]):
        assert cli.main(command) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert f".env:{line}: " in said
        assert "sword" not in said
        assert "fish" not in said


def test_a_folder_in_its_place_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").mkdir()
    assert cli.main(["check-config"]) == 2
    assert capsys.readouterr().err == "problem: .env: cannot be read: Is a directory\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _written(b"PORT=1\n").chmod(0)
    assert cli.main(["check-config"]) == 2
    assert capsys.readouterr().err == "problem: .env: cannot be read: Permission denied\n"


def test_a_file_of_any_size_is_not_read_whole() -> None:
    with pytest.raises(BadEnvFile, match=f"larger than {MAX_BYTES} bytes"):
        read_env_file(_written(b"#" * (MAX_BYTES + 1)))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_one_line(raw: bytes) -> None:
    said = ".env: "
    try:
        read_env_file(_written(raw))
    except BadEnvFile as bad:
        said = str(bad)
    assert said.startswith(".env:")
    assert said.isprintable()


@given(st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="'\"#\\"), min_size=1, max_size=40))
def test_a_value_counts_as_it_is_written(value: str) -> None:
    assert read_env_file(_written(f"MONGO_URI={value}\n".encode())) == {"MONGO_URI": value}


def test_a_dollar_in_a_password_is_part_of_it() -> None:
    _written(b"REDIS_URL=redis://:a${HOME}b$c@h/0\n")
    assert load_settings(Path(".env")).redis == "redis://:a${HOME}b$c@h/0"


@pytest.mark.parametrize("name", sorted(name.upper() for name in Settings.model_fields))
@pytest.mark.parametrize("quotes", ['""', "''", "“”", '" ', ' "'])
def test_quotes_that_docker_keeps_are_refused_for_every_setting(
    name: str, quotes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"MONGO_URI": "mongodb://u:swordfish@h", "REDIS_URL": "redis://:swordfish@h", "IP_NODES": "45.1.2.3"}
    monkeypatch.setenv(name, f"{quotes[0]}{good.get(name, '1')}{quotes[1]}")
    with pytest.raises(BadSettings) as refused:
        load_settings(None)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{name}=")
    assert "write it without them, since docker --env-file keeps them in the value" in problem
    assert SECRET not in problem
