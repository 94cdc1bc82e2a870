"""Reads the bodies of all routes, for rules that apply to every value."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from fastapi.testclient import TestClient

from tests.fakes import FakeReads
from tests.server.rest.routes_table import NODE, PATHS


def bodies(client: TestClient, reads: FakeReads) -> Iterator[tuple[str, Any]]:
    """The response of every route with its request. For routes about one node, those about a node of each kind."""
    newest = reads.current()
    assert newest is not None
    kinds = {(node.status, node.pubkey is None, node.score is None): node for node in newest.nodes}
    nodes = [*kinds.values(), *reads.entries[:2]]
    pair = ",".join(quote(node.id) for node in newest.nodes[:2])
    for path in PATHS:
        if path.startswith("/pnodes/compare"):
            questions = [f"/pnodes/compare?addresses={pair}"]
        else:
            questions = [path.replace(NODE, quote(node.id)) for node in nodes] if NODE in path else [path]
        for question in questions:
            response = client.get(question)
            if response.status_code == 200:
                yield question, response.json()


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)
