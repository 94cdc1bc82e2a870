"""`/registry`, `/registry/{address}`, `/graveyard`: nodes that are known now or were known before."""

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.base import DAY, rounded
from schema.domain.node.pnode import PNode
from server.rest.errors import rpc_error
from server.rest.lookup import as_node, find_node
from server.rest.models.errors import RpcError
from server.rest.models.registry import GraveyardAnswer, RegistryAnswer, RegistryEntryAnswer
from server.rest.node import node_object, shown_last_seen
from server.rest.params import OLDEST_POLICY, NodeKey, PolicyChoice, PolicyName, Skip
from server.rest.respond import answer
from server.rest.routes import Routes
from server.rest.view import View, Views

_REACH = {True: "public", False: "private", None: "unknown"}
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": RpcError, "description": "No node has ever been known under this key"}
}


def registry_routes(views: Views) -> Routes:
    """The registry: by key, as a list, and those gone for long."""
    routes = Routes("registry")
    reads = views.reads

    @routes.get(
        "/registry",
        operation="listRegistry",
        summary="All nodes ever known",
        model=RegistryAnswer,
    )
    async def registry(
        limit: Annotated[int, Query(ge=1, le=1_000, description="Maximum number of entries")] = 100, skip: Skip = 0
    ) -> Response:
        """A page of all nodes ever known, newest contact first. Nodes that have left the snapshot have their last known
        values."""
        view = views.current()
        page = await reads.registry(view.snapshot, skip=skip, limit=limit)
        items = [entry_object(as_node(entry), view) for entry in page.entries]
        body = {"count": len(items), "total": page.total, "items": items, "timestamp": view.at}
        return answer(body, views.max_age(view))

    @routes.get(
        "/registry/{address:node}",
        operation="getRegistryEntry",
        summary="One node, with what accumulates about it",
        model=RegistryEntryAnswer,
        responses=_UNKNOWN,
    )
    async def registry_entry(address: NodeKey, policy: PolicyChoice = OLDEST_POLICY) -> Response:
        """A node by its address (current or former), pubkey or id, with scores and gossip counters.

        Nodes of the current snapshot are answered from memory, those that have left it from the store.
        """
        return await _entry(views, address, policy)

    @routes.get(
        "/graveyard",
        operation="listGraveyard",
        summary="Nodes that have been gone for a long time",
        model=GraveyardAnswer,
    )
    async def graveyard(
        days: Annotated[int, Query(ge=0, le=3_650, description="For how many days they have not been seen")] = 90,
        skip: Skip = 0,
        limit: Annotated[int, Query(ge=1, le=1_000, description="Maximum number of entries")] = 100,
    ) -> Response:
        """Nodes without any contact for this many days, newest contact first."""
        view = views.current()
        before = view.header.taken_at - days * DAY
        page = await reads.registry(view.snapshot, skip=skip, limit=limit, last_seen_before=before)
        items = [entry_object(as_node(entry), view) for entry in page.entries]
        body = {
            "count": len(items),
            "total": page.total,
            "threshold_days": days,
            "items": items,
            "timestamp": view.at,
        }
        return answer(body, views.max_age(view))

    return routes


def pnode_routes(views: Views) -> Routes:
    """One node under the path of the list of nodes. Include this router after the other routes below `/pnodes`."""
    routes = Routes("pnodes")

    @routes.get(
        "/pnodes/{address:node}",
        operation="getPnode",
        summary="One node, with what accumulates about it",
        model=RegistryEntryAnswer,
        responses=_UNKNOWN,
    )
    async def pnode(address: NodeKey, policy: PolicyChoice = OLDEST_POLICY) -> Response:
        """The same as `/registry/{address}`."""
        return await _entry(views, address, policy)

    return routes


async def _entry(views: Views, key: str, policy: PolicyName) -> Response:
    view = views.current()
    node = await find_node(views, view, key)
    if node is None:
        return rpc_error(404, f"No node is known as {key!r}: expected an address HOST:PORT, a pubkey or an id")
    return answer({"entry": entry_object(node, view, policy), "status": status_object(node)}, views.max_age(view))


def entry_object(node: PNode, view: View, policy: PolicyName = OLDEST_POLICY) -> dict[str, Any]:
    """The node object with what accumulates about the node."""
    consistency = node.consistency
    return node_object(node, view.header, view.at, policy) | {
        "_id": node.id,
        "last_ip": last_seed(node),
        "created_at": node.first_seen,
        "gossip_appearances": consistency.appearances if consistency else 0,
        "gossip_disappearances": consistency.disappearances if consistency else 0,
        "last_gossip_appearance": consistency.last_appearance if consistency else None,
        "last_gossip_drop": consistency.last_drop if consistency else None,
        "consistency_score": rounded(consistency.score, 4) if consistency else 1.0,
    }


def status_object(node: PNode) -> dict[str, Any]:
    """Whether the node serves the public."""
    return {
        "_id": node.id,
        "address": node.place,
        "status": _REACH[node.is_public],
        "last_ip": last_seed(node),
        "last_seen": shown_last_seen(node),
        "updated_at": node.provenance.observed_at,
    }


def last_seed(node: PNode) -> str | None:
    """The seed that supplied the measurements, else any that ever listed the node."""
    return node.provenance.seed or next(iter(node.source_ips), None)
