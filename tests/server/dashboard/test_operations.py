"""The dashboard's operations fit the SDL, and its generated modules are up to date."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from server.dashboard.files import PLACE
from server.dashboard.operations import documents
from server.dashboard.routes import PAGES
from tests.processes import REPOSITORY
from tools import dashboard_types

SCHEMA = build_schema((REPOSITORY / "schema" / "schema.graphql").read_text(encoding="utf-8"))
MODULES = PLACE / "static" / "js"


@pytest.mark.parametrize("name", documents())
def test_an_operation_fits_the_schema(name: str) -> None:
    text = documents()[name]
    assert validate(SCHEMA, parse(text)) == []
    assert re.match(rf"(query|subscription) {name}\b", text)


@pytest.mark.parametrize("name", dashboard_types.files())
def test_a_written_file_is_what_the_tool_writes_now(name: str) -> None:
    assert (MODULES / name).read_text(encoding="utf-8") == dashboard_types.files()[name], "run `make golden`"


def test_every_operation_is_asked_by_a_module() -> None:
    asked = "".join(file.read_text(encoding="utf-8") for file in MODULES.rglob("*.js") if file.name != "operations.js")
    assert [name for name in documents() if f'"{name}"' not in asked and f"HASHES.{name}" not in asked] == []


def test_each_page_has_a_module_and_a_route() -> None:
    main = (MODULES / "main.js").read_text(encoding="utf-8")
    shown = re.findall(r'import\("\./pages/(\w+)\.js"\)', main)
    assert sorted(shown) == sorted([*PAGES, "overview"])
    assert all((MODULES / "pages" / f"{name}.js").is_file() for name in shown)


def test_the_navigation_leads_to_pages_that_exist() -> None:
    shell = (MODULES / "ui" / "shell.js").read_text(encoding="utf-8")
    block = shell[shell.index("NAVIGATION = ") : shell.index("];\n", shell.index("NAVIGATION = "))]
    names = [name for name in re.findall(r'\["(\w*)", "[\w ]+"\]', block) if name]
    assert set(names) <= set(PAGES)
    assert len(names) >= 10


@pytest.mark.parametrize("file", sorted(MODULES.rglob("*.js")), ids=lambda file: file.name)
def test_no_module_writes_markup_or_runs_text(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


@pytest.mark.parametrize("file", sorted((PLACE / "static").rglob("*.*")), ids=lambda file: file.name)
def test_no_file_names_another_origin(file: Path) -> None:
    if file.suffix in {".js", ".css", ".html", ".graphql"}:
        text = file.read_text(encoding="utf-8")
        assert "http://" not in text
        assert "https://" not in text


def test_the_lock_pins_every_package_by_its_hash_and_names_no_host() -> None:
    lock = (PLACE / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    packages = lock.count('"node_modules/')
    assert lock.count('"integrity"') == packages
