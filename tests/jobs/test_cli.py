"""The command line: its help, and its messages for invalid input."""

import os
import re
import socket
from pathlib import Path

import pytest

from jobs import cli
from jobs.commands import check_config
from jobs.commands.examples import EXAMPLES
from server.__main__ import main as serve
from server.config.env_file import read_env_file
from server.settings import Settings, expected_of
from server.storage.client import DnsSilent, NoSuchCluster
from tests.processes import REPOSITORY, free_port

COMMANDS = (
    "up",
    "serve",
    "worker",
    "simulate",
    "verify",
    "probe",
    "import",
    "evaluate",
    "backup",
    "restore",
    "move",
    "export-schema",
    "check-config",
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(f"    {command}" in told for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["up", "--simulate", "5", "--replay", "x"],
        ["up", "--port", "x"],
        ["up", "--port", "99999"],
        ["serve", "--port", "0"],
        ["probe"],
        ["import"],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_a_wrong_command_line_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: pnodes" in capsys.readouterr().err


def test_every_command_has_examples() -> None:
    assert set(EXAMPLES) == {"", *COMMANDS}


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert all(f"    {command}" in capsys.readouterr().err for command in COMMANDS[:1])


def test_a_port_that_is_taken_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["up", "--simulate", "--port", str(port), "--data-dir", "data"]) == 1
        told = f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port, HOST or PORT\n"
        assert capsys.readouterr().out == told
        assert serve(["--port", str(port)]) == 1
        told = f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port or PORT\n"
        assert capsys.readouterr().err == told


@pytest.mark.parametrize("number", ["-1", "x", "9" * 20])
def test_what_is_no_file_descriptor_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        serve([f"--fd={number}"])
    assert ended.value.code == 2
    assert f"{number!r}: expected the number of a file descriptor" in capsys.readouterr().err


def test_a_file_descriptor_that_does_not_listen_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as idle:
        fd = os.dup(idle.fileno())
    assert serve(["--fd", str(fd)]) == 1
    expected = f"cannot listen with file descriptor {fd}: it is not a listening socket\n"
    assert capsys.readouterr().err == expected


def test_an_import_of_no_list_starts_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.json").write_text("[not a list", encoding="utf-8")
    for place in ("nowhere", "notes.json", "."):
        assert cli.main(["import", place]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.json"]
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_check_config_warns_of_proxies_that_are_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.1")
    assert check_config.report(os.environ, Path("nowhere/.env")).warnings == ()
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    (warning,) = check_config.report(os.environ, Path("nowhere/.env")).warnings
    assert warning.startswith("FORWARDED_ALLOW_IPS: every peer is trusted")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALLOWED_ORIGINS", "dash.example"),
        ("FORWARDED_ALLOW_IPS", "proxy.internal"),
        ("ROOT_PATH", "pnodes"),
        ("HOST", "a:1"),
    ],
)
def test_check_config_names_what_could_never_match(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    (problem,) = check_config.report(os.environ, Path("nowhere/.env")).problems
    assert problem.startswith(f"{name}=")


def test_check_config_shows_every_setting_and_its_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("PORT=9000\nCACHE_TTL=90\nMONGO_DB=\n", encoding="utf-8")
    monkeypatch.setenv("CACHE_TTL", "120")
    monkeypatch.setenv("MONGO_URI", "mongodb://me:hunter2@cluster.example/")
    assert cli.main(["check-config"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in shown] == [name.upper() for name in Settings.model_fields]
    assert "CACHE_TTL=120  (environment)" in shown
    assert "PORT=9000  (.env)" in shown
    assert "MONGO_DB=xandeum-monitor  (default)" in shown
    assert "MONGO_URI=mongodb://me:***@cluster.example/  (environment)" in shown


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CACHE_TTL", "1", "CACHE_TTL=1: expected a whole number of seconds from 5 to 3600"),
        ("IP_NODES", "127.1", "IP_NODES: "),
    ],
)
def test_check_config_names_problems(
    name: str, value: str, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert cli.main(["check-config"]) == 2
    assert f"problem: {told}" in capsys.readouterr().err


def test_check_config_knows_a_misspelt_name(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_text("MONGODB_URI=mongodb://127.0.0.1\n", encoding="utf-8")
    assert cli.main(["check-config"]) == 2
    assert "problem: .env: MONGODB_URI is not a setting; did you mean MONGO_URI?" in capsys.readouterr().err


def test_check_config_names_seeds_that_are_never_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IP_NODES", "45.1.2.3,10.0.0.1,203.0.113.7")
    assert cli.main(["check-config"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line[:36] for line in told] == [
        "problem: IP_NODES: seed 10.0.0.1 is ",
        "problem: IP_NODES: seed 203.0.113.7 ",
    ]


def test_check_config_accepts_what_is_only_odd(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IP_NODES", "45.1.2.3:9001,45.1.2.4,45.1.2.4")
    assert cli.main(["check-config"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "warning: IP_NODES: seed 45.1.2.4: written 2 times; it is polled once",
        "warning: IP_NODES: seed 45.1.2.3:9001: 9001 is the gossip port; pRPC answers on 6000, so 45.1.2.3 may be "
        "meant",
    ]


@pytest.mark.parametrize(
    ("host", "name", "warned"),
    [
        ("c0.abcde.mongodb.net", "n" * 38, False),
        ("c0.abcde.mongodb.net", "n" * 39, True),
        ("127.0.0.1", "n" * 39, False),
    ],
)
def test_check_config_knows_how_long_a_name_atlas_takes(
    host: str, name: str, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGO_URI", f"mongodb://{host}/")
    monkeypatch.setenv("MONGO_DB", name)
    found = check_config.report({}, Path(".env"))
    assert found.problems == ()
    assert bool(found.warnings) is warned
    assert all(f"MONGO_DB={name}: 39 bytes; Atlas takes 38" in warning for warning in found.warnings)


def test_a_path_that_no_terminal_can_show_is_no_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", os.fsdecode(b"a\xffb"))
    assert cli.main(["check-config"]) == 0
    assert "DATA_DIR=a\\udcffb  (environment)" in capsys.readouterr().out


@pytest.mark.parametrize("error", [NoSuchCluster, DnsSilent])
def test_check_config_asks_the_dns_for_a_cluster(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "mongodb+srv://me:hunter2@cluster.example/"
    monkeypatch.setenv("MONGO_URI", uri)
    asked: list[str] = []

    def ask(uri: str, _seconds: float) -> None:
        asked.append(uri)
        raise error("no _mongodb._tcp.cluster.example")

    (problem,) = check_config.report({"MONGO_URI": uri}, Path(".env"), ask).problems
    assert asked == [uri]
    assert problem.startswith("MONGO_URI=mongodb+srv://me:***@cluster.example/: ")


def test_a_bad_setting_stops_any_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL", "1")
    assert cli.main(["up"]) == 2
    assert "CACHE_TTL=1: expected" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--simulate", "5"], "nodes=5: expected 30 to 250000 list entries"),
        (["--replay", "nowhere"], "nowhere: no such file or folder"),
        (["--replay", "."], "found 0 *.json files"),
    ],
)
def test_a_network_that_cannot_be_is_2_before_anything_is_made(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["up", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("", encoding="utf-8")
    assert cli.main(["up", "--port", str(free_port()), "--data-dir", "taken"]) == 1
    assert "cannot use the folder " in (told := capsys.readouterr().out)
    assert "choose another with --data-dir" in told


def test_probe_of_nobody_explains_and_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["probe", f"127.0.0.1:{free_port()}"]) == 1
    assert "It cannot serve as a seed." in capsys.readouterr().out


def test_probe_of_the_port_of_gossip_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["probe", "192.168.255.254:9001"]) == 1
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert warnings[0].endswith("unless ALLOW_PRIVATE_SEEDS=true")
    assert warnings[1].startswith("warning: seed 192.168.255.254:9001: 9001 is the gossip port; pRPC answers on 6000")


def test_probe_asks_no_private_address_unless_it_may(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["probe", "192.168.255.254"]) == 1
    assert "forbidden_address" in capsys.readouterr().out


def test_probe_of_what_is_no_node_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["probe", "http://127.0.0.1/"]) == 2
    assert "seed" in capsys.readouterr().err


def test_the_example_configuration_names_every_setting_and_sets_none() -> None:
    example = REPOSITORY / ".env.example"
    lines = example.read_text(encoding="utf-8").splitlines()
    named = [line[1:-1] for line in lines if re.fullmatch("#[A-Z0-9_]+=", line)]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)
    assert read_env_file(example) == {}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_as_it_is(name: str) -> None:
    documented = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in documented if line.startswith(f"| `{name.upper()}` |"))
    _, _, default, accepts, does, _ = (cell.strip() for cell in row.split("|"))
    field = Settings.model_fields[name]
    assert (accepts, does) == (expected_of(name), field.description)
    assert default in {"unset", f"`{str(field.default).lower()}`"}
