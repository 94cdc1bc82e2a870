"""The scripts for a single server, run with a folder as root: its content after each, also after a second run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

VPS = REPOSITORY / "deploy" / "vps"
UNITS = {
    "pnodes.target",
    "pnodes-api@.service",
    "pnodes-worker.service",
    "pnodes-backup.service",
    "pnodes-backup.timer",
}


def run(script: str, root: Path, *arguments: str, path: str = os.environ["PATH"]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", str(VPS / script), *arguments],
        env={"PATH": path, "DESTDIR": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def files(root: Path) -> dict[str, bytes | str]:
    """Everything below a folder: contents, and targets of links."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with nginx and without our files."""
    (tmp_path / "etc" / "nginx" / "conf.d").mkdir(parents=True)
    return tmp_path


def test_an_installation_has_code_units_settings_and_the_site(root: Path) -> None:
    ran = run("install.sh", root, "--apis", "3")
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in (root / "etc/systemd/system").iterdir()} == UNITS
    assert (root / "opt/pnodes/app/server/__main__.py").is_file()
    assert not list((root / "opt/pnodes/app").rglob("__pycache__"))
    assert (root / "etc/pnodes/pnodes.env").stat().st_mode & 0o777 == 0o640
    assert (root / "var/backups/pnodes").stat().st_mode & 0o777 == 0o700
    assert (root / "etc/nginx/sites-enabled/pnodes").resolve() == root / "etc/nginx/sites-available/pnodes"
    conf = (root / "etc/nginx/conf.d/pnodes.conf").read_text(encoding="utf-8")
    assert re.findall(r"server 127\.0\.0\.1:(\d+) ", conf) == ["8001", "8002", "8003"]


def test_a_second_installation_changes_nothing_and_keeps_what_was_edited(root: Path) -> None:
    run("install.sh", root)
    for edited in ("etc/pnodes/pnodes.env", "etc/nginx/sites-available/pnodes"):
        (root / edited).write_text("# edited\n", encoding="utf-8")
    before = files(root)
    ran = run("install.sh", root)
    assert ran.returncode == 0, ran.stderr
    assert files(root) == before


def test_what_is_gone_from_the_checkout_is_gone_after_an_upgrade(root: Path) -> None:
    run("install.sh", root)
    (root / "opt/pnodes/app/server/former.py").write_text("", encoding="utf-8")
    run("install.sh", root)
    assert not (root / "opt/pnodes/app/server/former.py").exists()


def test_it_can_be_undone_and_leaves_settings_and_backups(root: Path) -> None:
    before = files(root)
    run("install.sh", root)
    (root / "var/backups/pnodes/b").write_text("x", encoding="utf-8")
    assert run("uninstall.sh", root).returncode == 0
    assert set(files(root)) == {"etc/pnodes/pnodes.env", "var/backups/pnodes/b"}
    assert run("uninstall.sh", root, "--purge").returncode == 0
    assert files(root) == before
    assert run("uninstall.sh", root).returncode == 0  # twice


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("install.sh", ("--apis", "0")),
        ("install.sh", ("--apis", "x")),
        ("install.sh", ("-x",)),
        ("uninstall.sh", ("-x",)),
        ("upgrade.sh", ("-x",)),
    ],
)
def test_wrong_usage_changes_nothing(script: str, arguments: tuple[str, ...], root: Path) -> None:
    assert run(script, root, *arguments).returncode == 2
    assert files(root) == {}


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh", "upgrade.sh"])
def test_each_script_is_shell_that_stops_at_the_first_failure(script: str) -> None:
    assert subprocess.run(["/bin/sh", "-n", str(VPS / script)], check=False).returncode == 0
    assert "\nset -eu\n" in (VPS / script).read_text(encoding="utf-8")
    assert os.access(VPS / script, os.X_OK)


@pytest.mark.parametrize("unit", sorted(UNITS - {"pnodes.target", "pnodes-backup.timer"}))
def test_each_unit_runs_our_commands_as_an_unprivileged_user(unit: str) -> None:
    text = (VPS / unit).read_text(encoding="utf-8")
    assert "\nUser=pnodes\n" in text
    assert re.search(r"ExecStart=.*/opt/pnodes/venv/bin/python -m (server|jobs\.worker|jobs backup) ?", text)
    if "backup" not in unit:
        assert "\nRestartPreventExitStatus=2\n" in text


NEW = "opt/pnodes/app/server/new.py"
"""A file that only the previous release has, as the tests install it."""


@pytest.fixture
def older(root: Path) -> Path:
    """A machine with a release that differs from this one in its code, its packages, a unit and nginx's upstreams."""
    run("install.sh", root, "--apis", "3")
    (root / NEW).write_text("", encoding="utf-8")
    (root / "opt/pnodes/venv").mkdir()
    (root / "opt/pnodes/venv/packages").write_text("older", encoding="utf-8")
    for changed in ("etc/systemd/system/pnodes-worker.service", "etc/nginx/conf.d/pnodes.conf"):
        (root / changed).write_text("# older\n", encoding="utf-8")
    return root


def test_an_upgrade_can_be_taken_back(older: Path) -> None:
    before = files(older)
    upgraded = run("upgrade.sh", older)
    assert upgraded.returncode == 0, upgraded.stderr
    assert not (older / NEW).exists()
    unit = "etc/systemd/system/pnodes-worker.service"
    assert (older / unit).read_bytes() == (VPS / "pnodes-worker.service").read_bytes()
    back = run("upgrade.sh", older, "--back")
    assert back.returncode == 0, back.stderr
    assert files(older) == before


@pytest.fixture
def failing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which `install` fails when it puts the last unit in place."""
    program = tmp_path_factory.mktemp("bin") / "install"
    lines = ("#!/bin/sh", 'case "$*" in */deploy/vps/*.timer*) exit 1 ;; esac', 'exec /usr/bin/install "$@"')
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after another upgrade"])
def test_after_an_interrupted_upgrade_the_way_back_leads_to_the_release_before_it(
    older: Path, failing: str, *, again: bool
) -> None:
    before = files(older)
    assert run("upgrade.sh", older, path=failing).returncode == 1
    assert not (older / NEW).exists()
    if again:
        assert run("upgrade.sh", older).returncode == 0
    assert run("upgrade.sh", older, "--back").returncode == 0
    assert files(older) == before


def test_an_upgrade_keeps_the_number_of_apis(root: Path) -> None:
    run("install.sh", root, "--apis", "3")
    wants = root / "etc/systemd/system/pnodes.target.wants"
    wants.mkdir()
    for port in (8001, 8002, 8003):  # as systemctl enables them
        (wants / f"pnodes-api@{port}.service").symlink_to("../pnodes-api@.service")
    assert run("upgrade.sh", root).returncode == 0
    conf = (root / "etc/nginx/conf.d/pnodes.conf").read_text(encoding="utf-8")
    assert re.findall(r"server 127\.0\.0\.1:(\d+) ", conf) == ["8001", "8002", "8003"]


@pytest.mark.parametrize(
    ("arguments", "says"), [((), "run install.sh"), (("--back",), "expected the previous release")]
)
def test_without_a_release_nothing_is_upgraded(root: Path, arguments: tuple[str, ...], says: str) -> None:
    before = files(root)
    ran = run("upgrade.sh", root, *arguments)
    assert ran.returncode == 1
    assert says in ran.stderr
    assert files(root) == before


def test_the_command_of_an_installation_uses_the_packages_beside_it(root: Path) -> None:
    run("install.sh", root)
    python = root / "opt/pnodes/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$0 $*"\n', encoding="utf-8")
    python.chmod(0o755)
    ran = subprocess.run(
        [str(root / "opt/pnodes/app/deploy/pnodes"), "verify"], capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip().endswith("/venv/bin/python -m jobs verify")
