"""`docs/rest.md`, generated from the descriptions of the routes: a preface, then every route, then every object.

`python -m tests.server.rest.rest_doc` regenerates it.
"""

from typing import Any

from server.rest.equivalents import EQUIVALENTS
from tests.processes import REPOSITORY
from tests.server.rest.world import shared_client

PATH = REPOSITORY / "docs" / "rest.md"

PREFACE = """\
# The REST surface

The REST surface serves the same data as GraphQL, to clients of the earlier API and to probes. New clients should use
GraphQL: it has filters, cursors, past snapshots, provenance and subscriptions, and distinguishes unknown values from
zeros. [Coming from the earlier API](coming-from-the-earlier-api.md) lists the differences from the earlier API.

This page is generated from the code (`python -m tests.server.rest.rest_doc`). `/openapi.json` has the same content for
programs, with a real response of each route.

## Rules

- Times are unix seconds (UTC), sizes bytes, durations seconds; `*_percent` is 0 to 100.
- **Time.** A response describes one time, its `timestamp`: when the snapshot was taken, advanced by whole polling
  intervals while there is no newer one. Ages and durations are relative to it, so equal requests get equal bytes until
  there is a newer snapshot. Only `/health` uses the clock.
- **Counts** of the network do not depend on filters. Nodes *in gossip* are those that have not left the lists of the
  seeds, online or not: they are `total_pnodes`, `nodes_tracked` and the `nodes` of growth, so that growth can fall. The
  `summary` of `/pnodes` and `/network/health` covers all nodes of the snapshot, including those that left in the last
  30 days. There, `total_pnodes` is the sum of `online_pnodes` and `offline_pnodes`, and `in_gossip_pnodes` the other
  count.
- **Windows.** Responses show which part of the requested time is covered: growth is `available: false` if the store
  does not reach back so far, and histories have `covered_hours` in addition to the requested time.
- **Online** means that the status is `ONLINE`, on every route. Nodes that are not online have score 0 and uptime 0.
- **Unknown values** are 0, false, `"unknown"` or port 6000 where clients of the earlier API do arithmetic, null elsewhere.
  The `pubkey` of a node without a valid key is its address, so that rows can be joined by it. A part of a score whose
  input is not known has the points that the score counts for it, so that parts add up to their total.
- **Figures.** Numbers are rounded as described by their field. Words such as `improving` are derived from the rounded
  figure next to them. A zero has no sign.
- **Order.** Every list has a total order; the last tie-breaker is the address.
- **A node** in a path is identified by its address (current or former), its pubkey or its id.
- GET and HEAD, with or without a trailing slash; nothing is ever redirected, and the `Host` header is never used. Other
  methods: 405 with `Allow`. `/prune` takes none: nothing is deleted over HTTP.
- `ETag` on every response, 304 for `If-None-Match`; `Cache-Control: max-age` lasts until the next snapshot is due.
  Health and errors are `no-store`, and health is never 304: a probe always gets status and body.
- `/docs` and `/redoc` show `/openapi.json`. These pages load all of their assets, including `/favicon.ico`, from this
  server.
- Bodies from 1 kB on are compressed by `Accept-Encoding`: zstd, br, gzip.
- Any origin may read (CORS); there are no credentials.

## Errors

| status | body | when |
|---|---|---|
| 400 | `{"error", "example" or "provided" or "code" ...}` | a question that cannot be answered as asked |
| 404 | `{"error", "suggestion" or "missing"}`; JSON-RPC style on `/registry/{address}` and `/pnodes/{address}` | an unknown node |
| 404 | `{"detail"}` | an unknown path |
| 405 | `{"detail"}` | another method; see `Allow` |
| 422 | `{"detail": [{"type", "loc", "msg", "input", "ctx"}]}` | a parameter outside of its bounds, or a word that is not among those listed |
| 503 | `{"jsonrpc", "error": {"code": -32603, "message"}, "id"}` | no snapshot yet, or only the store could tell and is silent; see `Retry-After` |

While the store is down, everything that the snapshot in memory can answer is answered.
"""


def render() -> str:
    """The whole page."""
    document = shared_client().get("/openapi.json").json()
    routes = [(path, item["get"]) for path, item in document["paths"].items()]
    parts = [PREFACE, _overview(routes), *(_route(path, operation) for path, operation in routes), "## Objects\n"]
    schemas = document["components"]["schemas"]
    shown = _reached(schemas, [_model(operation) for _, operation in routes])
    parts += [_object(name, schemas[name]) for name in sorted(shown)]
    return "\n".join(parts)


def _overview(routes: list[tuple[str, dict[str, Any]]]) -> str:
    rows = [
        f"| [`{path}`](#{operation['operationId'].lower()}) | {operation['summary']} |" for path, operation in routes
    ]
    return "\n".join(["## Routes\n", "| route | what it gives |", "|---|---|", *rows, ""])


def _route(path: str, operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    description = " ".join(operation["description"].partition("GraphQL equivalent: ")[0].split())
    lines = [f"### {name}\n", f"`GET {path}`: {description}\n"]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| parameter | takes | default | meaning |", "|---|---|---|---|", *map(_parameter, parameters), ""]
    model = _model(operation)
    lines += [f"Answers with [{model}](#{model.lower()}). In GraphQL:\n", "```graphql", EQUIVALENTS[name], "```\n"]
    return "\n".join(lines)


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    default = "required" if parameter.get("required") else f"`{schema['default']}`" if "default" in schema else ""
    return f"| `{parameter['name']}` | {_takes(schema)} | {default} | {parameter['description']} |"


def _takes(schema: dict[str, Any]) -> str:
    inner = next((each for each in schema.get("anyOf", []) if each.get("type") != "null"), schema)
    if "enum" in inner:
        return ", ".join(f"`{word}`" for word in inner["enum"])
    if "maximum" in inner:
        return f"{inner['type']}, {inner['minimum']:g} to {inner['maximum']:g}".replace("1e+06", "1000000")
    return f"{inner['type']}, at most {inner['maxLength']} characters" if "maxLength" in inner else inner["type"]


def _object(name: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return f"### {name}\n\n{schema['description']}\n\nOne of {_takes(schema)}.\n"
    required = set(schema.get("required", []))
    rows = [
        f"| `{field}` | {_type(found)}{'' if field in required else ', may be absent'} | {_meaning(found)} |"
        for field, found in schema["properties"].items()
    ]
    about = f"{schema['description']}\n".replace("\n\n", "\n") if schema.get("description") else ""
    return "\n".join([f"### {name}\n", about, "| field | type | meaning |", "|---|---|---|", *rows, ""])


def _meaning(schema: dict[str, Any]) -> str:
    return str(schema.get("description", "")).replace("|", "\\|")


def _type(schema: dict[str, Any]) -> str:
    """The type of a field, with a link to its object."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    values = schema.get("additionalProperties")
    return f"map to {_type(values)}" if kind == "object" and isinstance(values, dict) else str(kind)


def _model(operation: dict[str, Any]) -> str:
    return str(operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def _reached(schemas: dict[str, Any], names: list[str]) -> set[str]:
    """The objects in bodies, through all references."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].rpartition("/")[2]] if isinstance(value.get("$ref"), str) else []
        return own + [name for inner in value.values() for name in _references(inner)]
    return [name for inner in value for name in _references(inner)] if isinstance(value, list) else []


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
