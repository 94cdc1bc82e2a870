"""The configuration of schemathesis: number of cases, checks, and names that exist."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

HOOKS = Path(__file__).resolve().parent / "schemathesis_hooks.py"
SEED = "20260111"
DEFAULT_CASES = 300
# With this fixed seed, comparePnodes, which needs several known addresses at once, returns data.
DEFAULT_GRAPHQL_CASES = 1200
# Cases are counted for each route or root field. Simple ones have fewer than requested.
SPARE = 1.6
# For the hooks. The stock checks treat every unknown error code as a failure of the server.
GRAPHQL_CHECKS = ("documented_errors", "GraphQLIsReached")
# `make threats` measures response times. A busy machine is not a finding here.
PATIENT_SECONDS = "120"
KNOWN_SHARE = 0.6
# A response needs all of several names to be known, so most of them are.
KNOWN_SHARE_OF_SEVERAL = 0.95

ADDRESS_PLACES = ("path.address", "query.address", "*.pnode.address", "*.comparePnodes.addresses[*]")
ID_PLACES = ("*.pnode.id", "*.pnode.pubkey")
CURSOR_PLACES = ("Query.pnodes.after", "Query.pnodes.before")
COUNT_PLACES = ("*.*.first", "*.*.last", "*.*.top")
COUNTS = [-1, 0, 1, 2, 5, 20, 50, 500, 501]
HOUR_PLACES = ("*.growth.hours", "query.hours")
HOURS = [0, 1, 24, 100_000]


class Suite(NamedTuple):
    """One run of schemathesis, of at least `cases` cases."""

    name: str
    url: str
    cases: int
    options: tuple[str, ...]


def suites(url: str) -> list[Suite]:
    """REST, and GraphQL with documents that fit the schema and documents that do not.

    FUZZ_CASES, or FUZZ_REST_CASES and FUZZ_GRAPHQL_CASES, are the minimum numbers of cases.
    """
    common = ("--seed", SEED, "--no-color", "--continue-on-failure", "--request-timeout", PATIENT_SECONDS)
    routes = len(_get(f"{url}/openapi.json")["paths"])
    fields = len(_ask(url, "{__schema {queryType {fields {name}}}}")["__schema"]["queryType"]["fields"])
    rest, graphql = _wanted("FUZZ_REST_CASES"), _wanted("FUZZ_GRAPHQL_CASES", DEFAULT_GRAPHQL_CASES)
    invalid = graphql // 4

    def graphql_suite(name: str, mode: str, cases: int, checks: tuple[str, ...]) -> Suite:
        options = ("--phases", "fuzzing", "--mode", mode, "--max-examples", _each(cases, fields))
        return Suite(name, f"{url}/graphql", cases, (*common, *options, "--checks", ",".join(checks)))

    options = ("--phases", "examples,coverage,fuzzing", "--max-examples", _each(rest, routes))
    return [
        Suite("REST", f"{url}/openapi.json", rest, (*common, *options, "--exclude-checks", ",".join(GRAPHQL_CHECKS))),
        graphql_suite("GraphQL, valid documents", "positive", graphql - invalid, GRAPHQL_CHECKS),
        graphql_suite("GraphQL, invalid documents", "negative", invalid, GRAPHQL_CHECKS[:1]),
    ]


def write_config(url: str, path: Path) -> None:
    """Give schemathesis the names of existing nodes, so that it gets past "not found"."""
    page = _ask(url, "{pnodes(first: 20) {pageInfo {endCursor} nodes {id address}}}")["pnodes"]
    known = {
        "addresses": [node["address"] for node in page["nodes"] if node["address"]],
        "ids": [node["id"] for node in page["nodes"]],
        "cursors": [page["pageInfo"]["endCursor"]],
        "counts": COUNTS,
        "hours": HOURS,
    }
    places = (
        ("addresses", ADDRESS_PLACES),
        ("ids", ID_PLACES),
        ("cursors", CURSOR_PLACES),
        ("counts", COUNT_PLACES),
        ("hours", HOUR_PLACES),
    )
    lines = [f"hooks = {json.dumps(str(HOOKS))}", ""]
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}", ""]
    lines.append("[parameters]")
    for name, keys in places:
        for key in keys:
            share = KNOWN_SHARE_OF_SEVERAL if key.endswith("[*]") else KNOWN_SHARE
            lines.append(f'{json.dumps(key)} = {{ dictionary = "{name}", probability = {share} }}')
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _wanted(name: str, default: int = DEFAULT_CASES) -> int:
    return int(os.environ.get(name) or os.environ.get("FUZZ_CASES") or default)


def _each(cases: int, parts: int) -> str:
    return str(round(SPARE * cases / parts) + 1)


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=float(PATIENT_SECONDS)) as answer:  # noqa: S310  our own loopback
        return json.load(answer)


def _ask(url: str, query: str) -> Any:
    request = urllib.request.Request(  # noqa: S310  our own loopback
        f"{url}/graphql", json.dumps({"query": query}).encode(), {"content-type": "application/json"}
    )
    return _get_request(request)["data"]


def _get_request(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=float(PATIENT_SECONDS)) as answer:  # noqa: S310  our own loopback
        return json.load(answer)
