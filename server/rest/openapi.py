"""What `/openapi.json` says of the API as a whole; the routes say the rest. The composition root makes one."""

import json
from importlib.resources import files
from typing import Any

from fastapi import FastAPI

from server.rest.pages import page_routes

TITLE = "Xandeum PNode Analytics API"
_DESCRIPTION = """\
The REST surface of the pNode analytics server: who is up, sound and worth trusting among Xandeum's storage nodes.

It projects the same answers as GraphQL (`/graphql`), which has more: filters, cursors, the past (`asOf`), provenance,
subscriptions. Each route names its equivalent.

- Times are unix seconds (UTC), sizes bytes, durations seconds, `*_percent` 0 to 100.
- An answer speaks of the newest snapshot. Equal questions get equal bytes until there is a newer one: `ETag` with
  `If-None-Match`, and `Cache-Control: max-age` to when the next one is due. HEAD works wherever GET does.
- Before the first snapshot, and where only the store could answer and is silent: 503 with `Retry-After`.
- Unknown query parameters are passed over, wrong ones are refused with 422.
"""
_TAGS = {
    "health": "What this service is, and how it is doing",
    "pnodes": "Nodes with their scores",
    "recommendations": "Nodes worth staking on",
    "alerts": "What is wrong with nodes",
    "network": "The network as a whole",
    "consistency": "How steadily nodes stay in gossip",
    "nodes": "Single nodes over time",
    "operators": "Who runs how many nodes",
    "registry": "Nodes known now or at any time before",
    "legacy": "The shapes of older clients",
}


class DocumentedApi(FastAPI):
    """A FastAPI application that describes the REST surface whole: licence, servers, tags, examples.

    The server's URL is relative, and slashes are not redirected: no Host that a client sends is ever used. `root_path`
    stands in front of all paths where clients see them.
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
            # The routes below take the place of the framework's, whose pages load from elsewhere.
            openapi_url=None,
            **settings,
        )
        self.router.routes.extend(page_routes(TITLE, self.openapi, root_path))

    def openapi(self) -> dict[str, Any]:
        """The document, made once. Examples are added here because FastAPI drops every null from what it is given."""
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
    """Real answers by operation id, made by the tests from an invented network."""
    examples: dict[str, Any] = json.loads(files("server.rest").joinpath("examples.json").read_text(encoding="utf-8"))
    return examples
