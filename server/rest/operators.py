"""`/operators`: who runs how many nodes."""

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.base import rounded
from schema.domain.network.operators import Operator
from server.rest.models.operators import OperatorsAnswer
from server.rest.routes import Routes
from server.rest.view import View, Views


def operator_routes(views: Views) -> Routes:
    """The list of operators."""
    routes = Routes("operators")

    @routes.get(
        "/operators",
        operation="listOperators",
        summary="Who runs how many nodes",
        model=OperatorsAnswer,
    )
    async def operators(
        limit: Annotated[int, Query(ge=1, le=500, description="Maximum number of operators")] = 100,
        min_nodes: Annotated[
            int,
            Query(
                ge=1,
                le=1_000_000,
                description="Only operators with at least so many addresses; the summary is over all operators",
            ),
        ] = 1,
    ) -> Response:
        """Addresses grouped by key, the operator with most of them first, and how concentrated the network is.

        As in the earlier API, this route counts addresses: a key that is listed at 14 addresses counts 14 times. All
        other routes count a key once.
        """
        view = views.current()
        return await views.answer(view, ("operators", limit, min_nodes), lambda: _body(view, limit, min_nodes))

    return routes


def _body(view: View, limit: int, min_nodes: int) -> dict[str, Any]:
    listed = [operator for operator in view.facts.operators if operator.address_count >= min_nodes]
    return {
        "operators": [_operator_object(operator) for operator in listed[:limit]],
        "summary": _summary(view),
        "timestamp": view.at,
    }


def _operator_object(operator: Operator) -> dict[str, Any]:
    return {
        "pubkey": operator.pubkey or operator.key.removeprefix("addr:"),
        "node_count": operator.address_count,
        "online_nodes": operator.online_address_count,
        "total_storage_committed": operator.storage_committed,
        "total_storage_used": operator.storage_used,
        "addresses": list(operator.addresses),
        "versions": list(operator.versions),
        "first_seen": operator.first_seen,
    }


def _summary(view: View) -> dict[str, Any]:
    found = view.facts.concentration
    return {
        "total_operators": found.operators,
        "total_nodes": found.addresses,
        "avg_nodes_per_operator": rounded(found.addresses_per_operator, 2),
        "largest_operator_share_percent": found.by_addresses.largest_percent,
        "decentralization_score": found.by_addresses.decentralization,
        "nakamoto_coefficient": found.by_addresses.nakamoto,
        "herfindahl_index": found.by_addresses.hhi,
    }
