"""Undocumented names of libraries that our code uses are listed, and exist."""

import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement

from tests.processes import REPOSITORY
from tests.suite.fences import FENCED, Use, has, parameters, underscored, uses

LISTED = tomllib.loads((REPOSITORY / "tests" / "suite" / "internals.toml").read_text(encoding="utf-8"))
NAMES = [(place, name) for place, table in LISTED.items() for name in table["names"]]
CALLED = [(place, name) for place, table in LISTED.items() for name in table.get("parameters", {})]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# They come with uvicorn, whose version bounds apply to them too.
WITH_UVICORN = {"httptools", "websockets"}
# Documented names of Python, of named tuples, of GraphQL and of MongoDB; and names of modules that are run.
DOCUMENTED = re.compile(r"__(\w+)__|_(asdict|fields|replace|exit|id|current_frames)|__(schema|type|typename|Type)")


@pytest.mark.parametrize(("place", "name"), NAMES, ids=lambda each: each)
def test_a_name_that_the_code_uses_exists(place: str, name: str) -> None:
    library = FENCED[re.split(r"[.:]", place)[0]]
    assert has(place, name), f"{library} {version(library)} has no {name} in {place}, which our code uses"


@pytest.mark.parametrize(("place", "name"), CALLED, ids=lambda each: each)
def test_a_function_takes_what_the_code_gives_it(place: str, name: str) -> None:
    assert parameters(place, name) == LISTED[place]["parameters"][name]


def test_every_use_is_listed() -> None:
    listed = {Use(place, name) for place, name in NAMES}
    assert sorted(uses() - listed) == []


def test_every_name_with_an_underscore_is_listed() -> None:
    listed = {name for _, name in NAMES} | {
        each for table in LISTED.values() for p in table.get("parameters", {}).values() for each in p
    }
    assert [(path, name) for path, name in underscored() if name not in listed and not DOCUMENTED.fullmatch(name)] == []


def test_no_name_is_listed_that_the_code_does_not_use() -> None:
    texts = "\n".join(
        path.read_text(encoding="utf-8")
        for package in ("schema", "server", "jobs")
        for path in (REPOSITORY / package).rglob("*.py")
    )
    words = set(re.findall(r"\w+", texts))
    assert [name for _, name in NAMES if name not in words] == []


@pytest.mark.parametrize("library", sorted(set(FENCED.values()) - WITH_UVICORN))
def test_a_library_whose_internals_are_used_has_an_upper_bound_at_its_next_minor_release(library: str) -> None:
    (requirement,) = [r for r in map(Requirement, PROJECT["dependencies"]) if r.name == library]
    major, minor, *_ = map(int, version(library).split("."))
    assert f"<{major}.{minor + 1}" in {str(each) for each in requirement.specifier}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("graphql.execution.executor:Executor", "no_such_method"),
        ("uvicorn.protocols.http.httptools_impl:NoSuchProtocol", "scope"),
        ("strawberry.no_such_module", "Schema"),
    ],
)
def test_a_name_that_is_gone_is_noticed(place: str, name: str) -> None:
    assert not has(place, name)
