"""`/pnodes/compare`: two to five nodes side by side."""

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.base import GIB, rounded
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICIES
from schema.domain.scoring.compare import MAX_COMPARED, MIN_COMPARED, ComparedBy, Comparison, compare
from schema.domain.words import agreeing, counted
from server.rest.errors import plain_error
from server.rest.models.errors import PlainError
from server.rest.models.pnodes import CompareAnswer
from server.rest.node import days
from server.rest.params import MAX_ADDRESS_LENGTH, OLDEST_POLICY, PolicyChoice, PolicyName
from server.rest.respond import answer
from server.rest.routes import Routes
from server.rest.view import View, Views

# For readers of the schema. A list of another length gets 400 with a specific message, not 422.
_TWO_TO_FIVE = rf"^[^,]*[^,\s][^,]*(,[^,]*[^,\s][^,]*){{{MIN_COMPARED - 1},{MAX_COMPARED - 1}}}$"
_EXAMPLE = "/pnodes/compare?addresses=45.0.1.7:9001,45.0.2.7:9001"
_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": PlainError, "description": "Fewer than two or more than five addresses, or a node named twice"},
    404: {"model": PlainError, "description": "A node is not known; `missing` lists the unknown ones"},
}


def compare_routes(views: Views) -> Routes:
    """The comparison."""
    routes = Routes("pnodes")

    @routes.get(
        "/pnodes/compare",
        operation="comparePnodes",
        summary="Compare two to five nodes",
        model=CompareAnswer,
        responses=_REFUSED,
    )
    async def comparison(
        addresses: Annotated[
            str,
            Query(
                max_length=MAX_COMPARED * (MAX_ADDRESS_LENGTH + 2),
                description="Two to five addresses, pubkeys or ids, separated by commas; blanks are ignored",
                examples=["45.0.1.7:9001,45.0.2.7:9001"],
                json_schema_extra={"pattern": _TWO_TO_FIVE},
            ),
        ],
        policy: PolicyChoice = OLDEST_POLICY,
    ) -> Response:
        """The nodes in the requested order, the best one in each category, and the recommended one."""
        keys = [key for part in addresses.split(",") if (key := part.strip())]
        if len(keys) < MIN_COMPARED:
            return plain_error(
                400,
                f"{counted(len(keys), 'address', 'addresses')} given; {MIN_COMPARED} to {MAX_COMPARED} expected",
                example=_EXAMPLE,
            )
        if len(keys) > MAX_COMPARED:
            return plain_error(
                400,
                f"{counted(len(keys), 'address', 'addresses')} given; {MIN_COMPARED} to {MAX_COMPARED} expected",
                provided=len(keys),
            )
        view = views.current()
        found = {key: view.snapshot.find(key) for key in keys}
        missing = [key for key, node in found.items() if node is None]
        if missing:
            return plain_error(
                404,
                f"{len(missing)} of {len(keys)} nodes {agreeing(len(missing), 'is', 'are')} not in the current "
                f"snapshot",
                missing=missing,
                suggestion="/pnodes?status=all lists those that are",
            )
        nodes = [node for key in keys if (node := found[key]) is not None]
        return answer(_body(view, nodes, policy), views.max_age(view))

    return routes


def _body(view: View, nodes: list[PNode], policy: PolicyName) -> dict[str, Any]:
    """The comparison of these nodes. Raises BadUserInput if a node is given twice."""
    found = compare(nodes, POLICIES[policy])
    return {
        "comparison": [view.fragment(node, policy) for node in found.nodes],
        "winners": _winners(found),
        "recommendation": {
            "recommended_node": found.recommended.place if found.recommended else None,
            "reason": found.reason,
            "considerations": list(found.considerations),
        },
        "summary": {
            "nodes_compared": len(found.nodes),
            "all_online": found.all_online,
            "avg_score": rounded(found.average_score or 0, 2),
        },
        "timestamp": view.at,
    }


def _winners(found: Comparison) -> dict[str, Any]:
    """The best node of each category: address null and value 0 if no node has more than 0."""

    def won(category: ComparedBy, **figures: float) -> dict[str, Any]:
        return {"address": found.winner(category).address, **figures, "category": category.value.lower()}

    value = {winner.category: winner.value for winner in found.winners}
    uptime, storage = int(value[ComparedBy.UPTIME]), int(value[ComparedBy.STORAGE])
    return {
        "overall_score": won(ComparedBy.OVERALL, score=value[ComparedBy.OVERALL]),
        "trust_score": won(ComparedBy.TRUST, score=value[ComparedBy.TRUST]),
        "capacity_score": won(ComparedBy.CAPACITY, score=value[ComparedBy.CAPACITY]),
        "best_uptime": won(ComparedBy.UPTIME, uptime=uptime, uptime_days=days(uptime)),
        "most_storage": won(ComparedBy.STORAGE, storage=storage, storage_gb=rounded(storage / GIB, 2)),
        "best_connectivity": won(ComparedBy.CONNECTIVITY, peers=int(value[ComparedBy.CONNECTIVITY])),
    }
