"""`/openapi.json` matches the routes."""

import json
from functools import cache
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from pydantic import BaseModel

from server.rest.catalogue import GROUPS
from server.rest.equivalents import EQUIVALENTS
from server.rest.models import (
    alerts,
    all_nodes,
    consistency,
    health,
    history,
    network,
    operators,
    pnodes,
    registry,
    root,
)
from server.rest.models.errors import PlainError, Refusal, RpcError, WrongParameters
from tests.factories import address
from tests.processes import REPOSITORY
from tests.server.rest.examples import PATH, render
from tests.server.rest.routes_table import NODE, OPERATIONS, PROBE_OPERATIONS, VARIANTS
from tests.server.rest.world import shared_client

MODELS: dict[str, type[BaseModel]] = {
    "getCatalogue": root.RootAnswer,
    "getHealth": health.Health,
    "getLiveness": health.Probe,
    "getReadiness": health.Probe,
    "listPnodes": pnodes.PnodesAnswer,
    "comparePnodes": pnodes.CompareAnswer,
    "getPnodeAlerts": alerts.NodeAlertsAnswer,
    "listRecommendations": pnodes.RecommendationsAnswer,
    "listRegistry": registry.RegistryAnswer,
    "getRegistryEntry": registry.RegistryEntryAnswer,
    "getPnode": registry.RegistryEntryAnswer,
    "getNetworkHealth": network.NetworkHealthAnswer,
    "getNetworkTopology": network.TopologyAnswer,
    "getNetworkAnalytics": network.AnalyticsAnswer,
    "getNetworkHistory": history.NetworkHistoryAnswer,
    "getNetworkGrowth": network.GrowthAnswer,
    "getNetworkConsistency": consistency.NetworkConsistencyAnswer,
    "getNodeHistory": history.NodeHistoryAnswer,
    "getNodeConsistency": consistency.NodeConsistencyAnswer,
    "getNodeMetricsSummary": history.MetricsSummaryAnswer,
    "getHistoryStatus": history.HistoryStatusAnswer,
    "listAlerts": alerts.AlertsAnswer,
    "listCriticalAlerts": alerts.AlertsAnswer,
    "listOperators": operators.OperatorsAnswer,
    "listGraveyard": registry.GraveyardAnswer,
    "getAllNodes": all_nodes.AllNodesAnswer,
}


@cache
def document() -> dict[str, Any]:
    return shared_client().get("/openapi.json").json()


@cache
def sdl() -> GraphQLSchema:
    return build_schema((REPOSITORY / "schema" / "schema.graphql").read_text(encoding="utf-8"))


def operations() -> dict[str, tuple[str, dict[str, Any]]]:
    """Each documented operation with its path, by its id."""
    return {item["get"]["operationId"]: (path, item["get"]) for path, item in document()["paths"].items()}


def operation_at(path: str) -> str:
    """The operation that serves a request."""
    bare = path.partition("?")[0]
    for operation, question in OPERATIONS.items():
        pattern = question.partition("?")[0].replace(NODE, "*").split("*")
        if bare.startswith(pattern[0]) and bare.endswith(pattern[-1]) and (len(pattern) > 1 or bare == pattern[0]):
            return operation
    raise AssertionError(path)


def test_every_route_is_documented_once_and_only_get() -> None:
    assert set(operations()) == set(OPERATIONS) == set(MODELS)
    assert all(set(item) == {"get"} for item in document()["paths"].values())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_documented_model_is_that_of_the_answer(operation: str) -> None:
    schema = operations()[operation][1]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": f"#/components/schemas/{MODELS[operation].__name__}"}


@pytest.mark.parametrize("path", [*OPERATIONS.values(), *VARIANTS])
def test_real_answers_fit_the_documented_models_and_have_no_undocumented_field(path: str) -> None:
    """Models forbid unknown fields and wrong types. Each response is validated against its own model."""
    response = shared_client().get(path)
    assert response.status_code == 200
    MODELS[operation_at(path)].model_validate_json(response.content, strict=True)


@pytest.mark.parametrize(
    ("path", "status", "model"),
    [
        ("/registry/nobody", 404, RpcError),
        ("/pnodes/nobody/alerts", 404, PlainError),
        ("/node/nobody/consistency", 404, PlainError),
        ("/pnodes/compare?addresses=one", 400, PlainError),
        ("/pnodes/compare?addresses=1,2,3,4,5,6", 400, PlainError),
        (f"/pnodes/compare?addresses={NODE},{NODE}", 400, PlainError),
        (f"/pnodes/compare?addresses={NODE},nobody", 404, PlainError),
        ("/pnodes/compare", 422, WrongParameters),
        ("/pnodes?limit=0", 422, WrongParameters),
        ("/nowhere", 404, Refusal),
    ],
)
def test_errors_fit_the_documented_models(path: str, status: int, model: type[BaseModel]) -> None:
    response = shared_client().get(path)
    assert response.status_code == status
    model.model_validate_json(response.content, strict=True)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_says_what_a_client_must_know(operation: str) -> None:
    path, found = operations()[operation]
    assert found["summary"]
    assert found["description"].endswith(f"GraphQL equivalent: `{EQUIVALENTS[operation]}`")
    assert found["tags"]
    assert {"200", "405", "503"} <= set(found["responses"])
    assert ("304" in found["responses"]) == (operation not in PROBE_OPERATIONS)
    assert ("422" in found["responses"]) == bool(found.get("parameters"))
    assert all(parameter["description"] for parameter in found.get("parameters", []))
    assert path.count("{") == sum(parameter["in"] == "path" for parameter in found.get("parameters", []))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_equivalent_in_graphql_is_a_valid_question(operation: str) -> None:
    assert validate(sdl(), parse(EQUIVALENTS[operation])) == []


def test_there_is_an_equivalent_of_every_operation_and_of_nothing_else() -> None:
    assert EQUIVALENTS.keys() == OPERATIONS.keys()


def test_every_tag_is_described_and_used() -> None:
    used = {tag for _, found in operations().values() for tag in found["tags"]}
    assert used == {tag["name"] for tag in document()["tags"]}


def test_every_field_of_every_body_has_a_type() -> None:
    schemas: dict[str, Any] = document()["components"]["schemas"]
    bodies = {name: schema for name, schema in schemas.items() if "properties" in schema}
    loose = [
        f"{name}.{field}"
        for name, schema in bodies.items()
        for field, found in schema["properties"].items()
        if not {"type", "$ref", "anyOf"} & set(found)
    ]
    assert loose == ["WrongParameter.input"]


def test_the_examples_are_todays_answers() -> None:
    """`python -m tests.server.rest.examples` regenerates them. Review the diff."""
    assert json.loads(PATH.read_text(encoding="utf-8")) == json.loads(render())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_has_a_real_example(operation: str) -> None:
    example = operations()[operation][1]["responses"]["200"]["content"]["application/json"]["example"]
    MODELS[operation].model_validate_json(json.dumps(example), strict=True)


def test_the_catalogue_names_exactly_the_documented_paths() -> None:
    named = {path for entries in GROUPS.values() for path, _, _ in entries.values()}
    assert named | {"/"} == {*document()["paths"]}


@pytest.mark.parametrize("example", [entry[2] for entries in GROUPS.values() for entry in entries.values()])
def test_the_questions_in_the_catalogue_work(example: str) -> None:
    path = example.replace("{address}", NODE, 1).replace("{address}", address(2))
    assert shared_client().get(path).status_code == 200
