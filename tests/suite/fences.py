"""Finds in the source what our code uses of libraries beyond their documented interface.

`FENCED` are the libraries whose internals are used. A use is a name imported from one of their submodules, an attribute
or method of one of their classes that our class uses or overrides, or a name with a leading underscore.
"""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tests.processes import REPOSITORY

PACKAGES = ("schema", "server", "jobs")
FENCED = {
    "arq": "arq",
    "beanie": "beanie",
    "graphql": "graphql-core",
    "httptools": "httptools",
    "pydantic": "pydantic",
    "strawberry": "strawberry-graphql",
    "uvicorn": "uvicorn",
    "websockets": "websockets",
}
"""The libraries by package, with the name of the distribution."""

# Designed for subclassing, so documented names may be used.
OPEN_BASES = {"pydantic.main.BaseModel", "beanie.odm.documents.Document"}


class Use(NamedTuple):
    """A name of a library, in a module or a class (`MODULE` or `MODULE:CLASS`)."""

    place: str
    name: str


def modules() -> Iterator[ModuleType]:
    """All modules of our packages, imported."""
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            yield importlib.import_module(found.name)


def uses() -> set[Use]:
    """Every use in our packages."""
    found: set[Use] = set()
    for module in modules():
        assert module.__file__ is not None
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        found |= set(_imported(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                own = getattr(module, node.name, None)
                if isinstance(own, type):
                    found |= set(_inherited(node, own))
    return found


def underscored() -> Iterator[tuple[str, str]]:
    """Names with a leading underscore that none of our classes has: the file, and the name."""
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for each in PACKAGES
        for path in (REPOSITORY / each).rglob("*.py")
    }
    ours = {name for tree in trees.values() for name in _defined(tree)}
    for path, tree in trees.items():
        for name in _mentioned(tree) - ours:
            yield str(path.relative_to(REPOSITORY)), name


def has(place: str, name: str) -> bool:
    """Whether a library has the name at a place: in a module, in a class, or assigned to `self` by its methods."""
    module_name, _, class_name = place.partition(":")
    try:
        holder: object = importlib.import_module(module_name)
        holder = getattr(holder, class_name) if class_name else holder
    except (ImportError, AttributeError):
        return False
    if hasattr(holder, name):
        return True
    holders = holder.__mro__ if isinstance(holder, type) else (holder,)
    return any(name in _set_anywhere(each) for each in holders)


def parameters(place: str, name: str) -> list[str]:
    """The names of a function's parameters."""
    module_name, _, class_name = place.partition(":")
    holder: object = importlib.import_module(module_name)
    holder = getattr(holder, class_name) if class_name else holder
    return list(inspect.signature(getattr(holder, name)).parameters)


def _imported(tree: ast.Module) -> Iterator[Use]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and "." in node.module
            and node.module.split(".")[0] in FENCED
        ):
            for each in node.names:
                yield Use(node.module, each.name)


def _inherited(node: ast.ClassDef, own: type) -> Iterator[Use]:
    """What our class uses or overrides of its library base classes."""
    bases = [
        base
        for base in own.__mro__[1:]
        if base.__module__.split(".")[0] in FENCED and f"{base.__module__}.{base.__qualname__}" not in OPEN_BASES
    ]
    for name in _of_itself(node):
        for base in bases:
            if name in vars(base) or name in _given(base):
                yield Use(f"{base.__module__}:{base.__qualname__}", name)
                break


def _of_itself(node: ast.ClassDef) -> set[str]:
    """Attributes of `self` and `super()` that a class uses, and the methods that it defines."""
    names = {each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) in {
            "self",
            "super()",
            "cast('Any', self)",
            "core",
        }:
            names.add(each.attr)
    return names - {"__init__"}


@cache
def _given(base: type) -> frozenset[str]:
    """The attributes that a class declares, or that its methods assign to `self`."""
    return frozenset(inspect.get_annotations(base)) | {name for of, name in _stored(base) if of == "self"}


@cache
def _set_anywhere(holder: object) -> frozenset[str]:
    """The attributes that a class declares, and those that it or a module assigns to any object."""
    declared = inspect.get_annotations(holder) if isinstance(holder, type) else {}
    return frozenset(declared) | {name for _, name in _stored(holder)}


@cache
def _stored(holder: Any) -> frozenset[tuple[str, str]]:
    """The assignments in the source of a class or module, as object text and attribute. Empty if it is compiled."""
    try:
        source = textwrap.dedent(inspect.getsource(holder))
    except (OSError, TypeError):
        return frozenset()
    stores = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Attribute)]
    return frozenset((ast.unparse(each.value), each.attr) for each in stores if isinstance(each.ctx, ast.Store))


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name


def _mentioned(tree: ast.Module) -> set[str]:
    """Underscored attributes, keyword arguments and literal names of attributes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            names.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            names.add(node.value)
    return {each for each in names if each.startswith("_") and len(each) > 1}
