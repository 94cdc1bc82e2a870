"""Every parameter: its bounds, its defaults, and the message for an invalid value."""

import re
from typing import Any

import pytest

from tests.server.rest.routes_table import NODE
from tests.server.rest.world import shared_client

OPEN_ENDED = 10**18
# Route, parameter, minimum and maximum of accepted values.
RANGES = (
    ("/pnodes", "limit", 1, 1_000),
    ("/pnodes", "skip", 0, 1_000_000),
    ("/recommendations", "limit", 1, 50),
    ("/recommendations", "min_uptime_days", 1, 365),
    ("/recommendations", "min_score", 0, 100),
    ("/registry", "limit", 1, 1_000),
    ("/registry", "skip", 0, 1_000_000),
    ("/graveyard", "limit", 1, 1_000),
    ("/graveyard", "skip", 0, 1_000_000),
    ("/graveyard", "days", 0, 3_650),
    ("/network/history", "hours", 1, 720),
    ("/network/growth", "hours", 1, 720),
    ("/network/consistency", "limit", 1, 500),
    ("/network/consistency", "min_consistency", 0, 1),
    (f"/node/{NODE}/history", "days", 1, 90),
    (f"/node/{NODE}/metrics-summary", "hours", 1, 168),
    ("/alerts", "limit", 1, 500),
    ("/operators", "limit", 1, 500),
    ("/operators", "min_nodes", 1, 1_000_000),
)
# Route, parameter, and the accepted words. The kinds are those of the earlier API. Policy 2.0 has more, which only
# GraphQL shows.
POLICY_1_ALERTS = (
    "offline",
    "low_uptime",
    "storage_critical",
    "storage_warning",
    "version_outdated",
    "version_behind",
    "isolated",
    "weak_connectivity",
    "underutilized",
    "gossip_flapping",
)
WORDS = (
    ("/pnodes", "status", ("all", "online", "offline")),
    (
        "/pnodes",
        "sort_by",
        ("last_seen", "uptime", "score", "storage_used", "storage_usage_percent", "first_seen"),
    ),
    ("/pnodes", "sort_order", ("asc", "desc")),
    ("/network/history", "resolution", ("auto", "raw", "5m", "1h", "1d")),
    ("/network/consistency", "sort_by", ("consistency_score", "gossip_disappearances", "address")),
    ("/alerts", "severity", ("critical", "warning", "info")),
    (f"/pnodes/{NODE}/alerts", "severity", ("critical", "warning", "info")),
    ("/alerts", "alert_type", POLICY_1_ALERTS),
    ("/all-nodes", "version", ("raw", "unique", "all")),
    ("/recommendations", "require_public", ("true", "false", "1", "0")),
)
NUMBERS_OF_ANY_KIND = {"min_score", "min_consistency"}


def ask(route: str, name: str, value: object) -> int:
    return shared_client().get(route, params={name: str(value)}).status_code


@pytest.mark.parametrize(("route", "name", "least", "greatest"), RANGES)
def test_bounds_are_taken_and_nothing_beyond(route: str, name: str, least: int, greatest: int) -> None:
    assert [ask(route, name, value) for value in (least, greatest)] == [200, 200]
    beyond = (least - 1, greatest + 1, -OPEN_ENDED, OPEN_ENDED, 2**64, "nan", "inf", "x", "", "1e400", " ", "0x10")
    assert {value: ask(route, name, value) for value in beyond} == dict.fromkeys(beyond, 422)


@pytest.mark.parametrize(("route", "name", "least", "greatest"), RANGES)
def test_a_refusal_names_the_parameter_what_was_given_and_the_bound(
    route: str, name: str, least: int, greatest: int
) -> None:
    response = shared_client().get(route, params={name: str(greatest + 1)})
    (error,) = response.json()["detail"]
    assert error["type"] == "less_than_equal"
    assert error["loc"] == ["query", name]
    assert error["input"] == str(greatest + 1)
    assert error["ctx"] == {"le": greatest}
    (error,) = shared_client().get(route, params={name: str(least - 1)}).json()["detail"]
    assert (error["type"], error["ctx"]) == ("greater_than_equal", {"ge": least})


@pytest.mark.parametrize(("route", "name"), [case[:2] for case in RANGES if case[1] not in NUMBERS_OF_ANY_KIND])
def test_fractions_are_no_counts(route: str, name: str) -> None:
    (error,) = shared_client().get(route, params={name: "1.5"}).json()["detail"]
    assert error["type"] == "int_parsing"


@pytest.mark.parametrize(("route", "name", "words"), WORDS)
def test_words_are_taken_as_listed(route: str, name: str, words: tuple[str, ...]) -> None:
    assert {word: ask(route, name, word) for word in words} == dict.fromkeys(words, 200)
    assert [ask(route, name, wrong) for wrong in ("nonsense", "")] == [422, 422]


WORD_PARAMETERS = [(route, name, words) for route, name, words in WORDS if name != "require_public"]


@pytest.mark.parametrize(("route", "name", "words"), WORD_PARAMETERS)
def test_a_refusal_of_a_word_lists_those_that_are_taken(route: str, name: str, words: tuple[str, ...]) -> None:
    response = shared_client().get(route, params={name: "nonsense"})
    (error,) = response.json()["detail"]
    assert (error["type"], error["loc"], error["input"]) == ("literal_error", ["query", name], "nonsense")
    assert re.findall(r"'([^']+)'", error["msg"]) == list(words)


# Any text is accepted here: names of nodes, which are looked up.
FREE_TEXT = {("comparePnodes", "addresses")}


def test_no_route_takes_a_word_without_checking_it() -> None:
    paths = shared_client().get("/openapi.json").json()["paths"]
    texts = {
        (item["get"]["operationId"], parameter["name"])
        for item in paths.values()
        for parameter in item["get"].get("parameters", ())
        if parameter["in"] == "query" and not _is_bounded(parameter["schema"])
    }
    assert texts == FREE_TEXT


def _is_bounded(schema: dict[str, Any]) -> bool:
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    return all("enum" in kind or kind["type"] in {"integer", "number", "boolean"} for kind in kinds)


@pytest.mark.parametrize(
    ("route", "defaults"),
    [
        ("/pnodes", {"status": "online", "sort_by": "last_seen", "sort_order": "desc"}),
        ("/recommendations", {"min_uptime_days": 7, "require_public": False, "min_score": 0}),
        ("/network/consistency", {"min_consistency": 0.0, "sort_by": "consistency_score"}),
        ("/alerts", {"severity": None, "alert_type": None}),
        ("/alerts/critical", {"severity": "critical", "alert_type": None}),
    ],
)
def test_defaults(route: str, defaults: dict[str, object]) -> None:
    assert shared_client().get(route).json()["filters"] == defaults


def test_paging_defaults() -> None:
    assert shared_client().get("/pnodes").json()["pagination"] == {"total": 33, "limit": 100, "skip": 0, "returned": 33}
    assert shared_client().get("/network/history").json()["summary"]["time_range_hours"] == 24
    assert shared_client().get(f"/node/{NODE}/history").json()["time_range"]["days"] == 30
    assert shared_client().get(f"/node/{NODE}/metrics-summary").json()["metrics"]["time_range_hours"] == 24
    assert shared_client().get("/graveyard").json()["threshold_days"] == 90


@pytest.mark.parametrize("route", ["/pnodes", "/alerts", "/network/health", "/"])
def test_unknown_parameters_are_passed_over(route: str) -> None:
    response = shared_client().get(route, params={"nonsense": "1", "utm_source": "x"})
    assert response.status_code == 200
    assert response.content == shared_client().get(route).content
