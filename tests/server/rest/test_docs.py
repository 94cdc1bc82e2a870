"""The pages about REST match the code."""

import re
from typing import Any

import pytest

from server.rest.models.meanings import MEANINGS
from tests.processes import REPOSITORY
from tests.server.rest.checklist import ROUTES
from tests.server.rest.rest_doc import PATH, render
from tests.server.rest.routes_table import DATA_OPERATIONS, OPERATIONS
from tests.server.rest.world import shared_client

COMING = REPOSITORY / "docs" / "coming-from-the-earlier-api.md"


def test_the_page_is_made_from_the_code() -> None:
    """`python -m tests.server.rest.rest_doc` regenerates it. Review the diff."""
    assert PATH.read_text(encoding="utf-8") == render()


def test_every_link_within_the_page_leads_somewhere() -> None:
    page = PATH.read_text(encoding="utf-8")
    anchors = {heading.lower() for heading in re.findall(r"^#+ (\S+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors


@pytest.mark.parametrize("page", [PATH, COMING], ids=lambda page: page.name)
def test_links_to_other_pages_lead_to_files(page: object) -> None:
    text = (REPOSITORY / "docs" / str(getattr(page, "name", ""))).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([a-z-]+\.md)", text):
        assert (REPOSITORY / "docs" / target).is_file()


def is_whole_number(field: dict[str, Any]) -> bool:
    return any(kind.get("type") == "integer" for kind in (field, *field.get("anyOf", ())))


def test_every_whole_number_says_what_it_is_of() -> None:
    """docs/formulas.md explains the constants of policies by name."""
    schemas = shared_client().get("/openapi.json").json()["components"]["schemas"]
    fields = {
        f"{model}.{name}": field.get("description", "")
        for model, schema in schemas.items()
        if not model.endswith("Policy")
        for name, field in schema.get("properties", {}).items()
        if is_whole_number(field)
    }
    assert len(fields) > 100
    assert [name for name, text in fields.items() if not text or "things" in text] == []


def test_every_meaning_is_of_a_field() -> None:
    schemas = shared_client().get("/openapi.json").json()["components"]["schemas"]
    described = {
        (name, field.get("description")) for s in schemas.values() for name, field in s.get("properties", {}).items()
    }
    assert set(MEANINGS.items()) - described == set()


def test_every_route_that_is_named_exists() -> None:
    documented = set(shared_client().get("/openapi.json").json()["paths"])
    named = set(re.findall(r"`(/[a-z/{}-]*)`", COMING.read_text(encoding="utf-8")))
    assert named - documented <= {"/prune", "/openapi.json"}


def test_every_field_that_is_new_is_served() -> None:
    new = COMING.read_text(encoding="utf-8").partition("## What is new")[2].partition("Headers that")[0]
    fields = set(re.findall(r"`([a-z_]+)`", new)) - {"min_score", "resolution"}
    everything = b"".join(shared_client().get(path).content for path in OPERATIONS.values())
    assert {field for field in fields if f'"{field}":'.encode() not in everything} == set()


@pytest.mark.parametrize("operation", DATA_OPERATIONS)
def test_every_field_of_the_earlier_api_is_on_the_page(operation: str) -> None:
    page = PATH.read_text(encoding="utf-8")
    last_names = {re.split(r"[.\[{]", path.rstrip("[]{}"))[-1] for path in ROUTES.get(operation, {})}
    assert last_names
    assert {name for name in last_names if f"`{name}`" not in page} == set()
