"""The parts of `/openapi.json` that concern the API as a whole. The composition root makes one."""

import json
from importlib.resources import files
from typing import Any

from fastapi import FastAPI

from server.rest.pages import page_routes

TITLE = "Xandeum PNode Analytics API"
_DESCRIPTION = """\
The REST surface of the pNode analytics server, which shows which of Xandeum's storage nodes are online, healthy and
trustworthy.

It serves the same data as GraphQL (`/graphql`), which offers more: filters, cursors, past snapshots (`asOf`),
provenance, subscriptions. The description of each route contains the equivalent query.

- Times are unix seconds (UTC), sizes bytes, durations seconds, `*_percent` 0 to 100.
- Responses describe the newest snapshot. Equal requests get equal bytes until there is a newer one. `ETag` works with
  `If-None-Match`, and `Cache-Control: max-age` lasts until the next one is due. HEAD works wherever GET does.
- Before the first snapshot, and if the store is needed and does not answer, the response is 503 with `Retry-After`.
- Unknown query parameters are ignored. Invalid values are refused with 422.
"""
_TAGS = {
    "health": "The service and its current state",
    "pnodes": "Nodes with their scores",
    "recommendations": "Nodes worth staking on",
    "alerts": "What is wrong with nodes",
    "network": "The network as a whole",
    "consistency": "How consistently nodes stay in gossip",
    "nodes": "Single nodes over time",
    "operators": "Who runs how many nodes",
    "registry": "Nodes known now or at any time before",
    "legacy": "The shapes of older clients",
}


class DocumentedApi(FastAPI):
    """A FastAPI application whose document describes the whole REST surface: licence, servers, tags, examples.

    The server's URL is relative, and slashes are not redirected, so no Host header of a client is ever used.
    `root_path` is the prefix of all paths as clients see them.
    """

    def __init__(self, version: str, *, root_path: str = "", **settings: Any) -> None:
        super().__init__(
            title=TITLE,
            version=version,
            summary="Analytics for Xandeum storage nodes",
            description=_DESCRIPTION,
            contact={"name": "The operator of this deployment"},
            license_info={"name": "MIT", "identifier": "MIT"},
            servers=[{"url": root_path or "/", "description": "This server"}],
            openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
            redirect_slashes=False,
            # The routes below replace the framework's, whose pages load assets from other hosts.
            openapi_url=None,
            **settings,
        )
        self.router.routes.extend(page_routes(TITLE, self.openapi, root_path))

    def openapi(self) -> dict[str, Any]:
        """The document, made once. Examples are added here because FastAPI removes all nulls from its arguments."""
        if self.openapi_schema is None:
            document = super().openapi()
            # Public data: no operation asks for credentials.
            document["security"] = []
            examples = load_examples()
            for item in document["paths"].values():
                operation = item["get"]
                if operation["operationId"] in examples:
                    content = operation["responses"]["200"]["content"]["application/json"]
                    content["example"] = examples[operation["operationId"]]
            self.openapi_schema = document
        return self.openapi_schema


def load_examples() -> dict[str, Any]:
    """Real responses by operation id, made by the tests from an invented network."""
    examples: dict[str, Any] = json.loads(files("server.rest").joinpath("examples.json").read_text(encoding="utf-8"))
    return examples
