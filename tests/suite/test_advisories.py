"""The table of advisories, and how locks are compared with it."""

import importlib.util
import tomllib
from types import ModuleType

import pytest
from packaging.version import Version

from tests.processes import REPOSITORY


def load(name: str) -> ModuleType:
    """A script of tools/, which is not a package."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load("advisories")
ADVISORIES = {"strawberry-graphql": {"CVE-2026-107727": "0.327.2"}}


@pytest.mark.parametrize("pinned", ["0.327.1", "0.327.2rc1", "0.99"])
def test_an_older_release_is_named_with_its_advisory(pinned: str) -> None:
    lock = f"strawberry_GraphQL[cli]=={pinned} \\\n    --hash=sha256:00\n"
    assert tool.affected(lock, ADVISORIES) == [
        f"strawberry-graphql {pinned} has CVE-2026-107727: 0.327.2 or newer is needed"
    ]


@pytest.mark.parametrize("pinned", ["0.327.2", "0.341.2", "1"])
def test_the_release_that_fixes_it_and_newer_ones_pass(pinned: str) -> None:
    assert tool.affected(f"strawberry-graphql=={pinned} ; python_version < '3.12' \\\n", ADVISORIES) == []


def test_each_of_several_releases_counts() -> None:
    lock = "strawberry-graphql==0.300.0 ; sys_platform == 'win32'\nstrawberry-graphql==0.341.2\n"
    assert len(tool.affected(lock, ADVISORIES)) == 1


def test_a_dependency_that_nobody_has_looked_at_is_named() -> None:
    assert tool.unknown(["strawberry-graphql>=1", "Left_Pad[x]>=2"], ADVISORIES) == [
        "left-pad has no table in locks/advisories.toml"
    ]


def test_the_locks_pass_and_the_table_has_the_advisories_of_strawberry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert tool.main() == 0, capsys.readouterr().out
    table = tomllib.loads((REPOSITORY / "locks" / "advisories.toml").read_text())["packages"]
    named = {"CVE-2026-35526", "CVE-2026-35523", "CVE-2026-47707", "CVE-2026-107727"}
    assert named <= table["strawberry-graphql"].keys()
    assert max(map(Version, table["strawberry-graphql"].values())) == Version("0.327.2")
