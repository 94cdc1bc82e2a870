"""`/all-nodes`: everything the seeds said, as two older clients read it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.observation import PodStats
from schema.domain.pnode import PNode
from schema.domain.snapshot import SeedReport
from server.rest.models.all_nodes import AllNodesAnswer
from server.rest.node import shown_last_seen, shown_version
from server.rest.respond import answer
from server.rest.routes import Routes
from server.rest.view import View, Views

_NO_STATS = PodStats()


def all_nodes_routes(views: Views) -> Routes:
    """The union of the older shapes."""
    routes = Routes("legacy")

    @routes.get(
        "/all-nodes",
        operation="getAllNodes",
        summary="Everything the seeds said",
        model=AllNodesAnswer,
    )
    async def all_nodes(
        version: Annotated[
            str | None,
            Query(max_length=32, description="raw: the rows of all seeds; unique: one row a node; else everything"),
        ] = None,
    ) -> Response:
        """Seeds with the nodes that each lists, and the nodes with the seeds that list them.

        Values are those believed of a node, not each seed's own. `merged_pnodes` holds online nodes only, because its
        readers show a node as online while its seed is.
        """
        view = views.current()
        return answer(_body(view, version), views.max_age(view))

    return routes


def _body(view: View, version: str | None) -> dict[str, Any]:
    listed = [node for node in view.nodes if node.witnesses]
    by_seed = {seed.seed: [node for node in listed if seed.seed in node.witnesses] for seed in view.header.seeds}
    if version == "raw":
        return {"version": version, "nodes": _raw(by_seed)}
    if version == "unique":
        return {"version": version, "nodes": [_merged(node) for node in listed]}
    online = [node for node in listed if node.is_online]
    return {
        "summary": _summary(view, listed, by_seed, online),
        "nodes": {seed.seed: _seed(seed, by_seed[seed.seed]) for seed in view.header.seeds},
        "merged_pnodes_raw": _raw(by_seed),
        "merged_pnodes_unique": [_merged(node) for node in listed],
        "ip_nodes": {seed.seed: _ip_node(seed, by_seed[seed.seed]) for seed in view.header.seeds},
        "merged_pnodes": [_map_pod(node) for node in online],
    }


def _summary(
    view: View, listed: Sequence[PNode], by_seed: Mapping[str, Sequence[PNode]], online: Sequence[PNode]
) -> dict[str, Any]:
    totals = view.header.totals
    answered = sum(seed.ok for seed in view.header.seeds)
    return {
        "total_nodes": len(view.header.seeds),
        "total_pnodes": len(listed),
        "total_pnodes_raw": sum(map(len, by_seed.values())),
        "total_bytes_processed": totals.bytes_processed or 0,
        "avg_cpu_percent": round(totals.avg_cpu_percent or 0, 2),
        "avg_ram_used_percent": round(totals.avg_ram_used_percent or 0, 2),
        "total_active_streams": totals.active_streams or 0,
        "last_updated": view.header.taken_at,
        "unique_pnodes": len(online),
        "online_ip_nodes": answered,
        "offline_ip_nodes": len(view.header.seeds) - answered,
    }


def _raw(by_seed: Mapping[str, Sequence[PNode]]) -> list[dict[str, Any]]:
    return [_listed(node, seed) for seed, nodes in by_seed.items() for node in nodes]


def _listed(node: PNode, seed: str) -> dict[str, Any]:
    seen = shown_last_seen(node)
    return {
        "address": node.address,
        "pubkey": node.pubkey or node.address,
        "is_public": node.is_public,
        "rpc_port": node.rpc_port,
        "storage_committed": node.storage_committed,
        "storage_used": node.storage_used,
        "storage_usage_percent": node.storage_usage_percent,
        "uptime": node.uptime,
        "version": shown_version(node),
        "last_seen": seen,
        "last_seen_timestamp": seen,
        "source_ip": seed,
    }


def _merged(node: PNode) -> dict[str, Any]:
    return _listed(node, _home(node)) | {
        "peer_sources": list(node.witnesses),
        "peer_count": node.witness_count,
        "status": node.status.value,
        "is_online": node.is_online,
    }


def _map_pod(node: PNode) -> dict[str, Any]:
    seen = shown_last_seen(node)
    return {
        "address": node.address,
        "version": shown_version(node),
        "source_ip": _home(node),
        "pubkey": node.pubkey or "",
        "last_seen": seen,
        "last_seen_timestamp": seen,
    }


def _home(node: PNode) -> str:
    """The seed whose word a listed node is; another one that lists it where that one does not."""
    seed = node.provenance.seed
    return seed if seed in node.witnesses else node.witnesses[0]


def _seed(seed: SeedReport, nodes: Sequence[PNode]) -> dict[str, Any]:
    stats = seed.stats or _NO_STATS
    return {
        "metadata": {
            "total_bytes": stats.total_bytes or 0,
            "total_pages": stats.total_pages or 0,
            "last_updated": seed.answered_at if stats.last_updated is None else stats.last_updated,
            "file_size": stats.file_size or 0,
        },
        "stats": _seed_stats(stats),
        "pods_raw": None,
        "pods_total_count": seed.listed,
        "pods": [_listed(node, seed.seed) for node in nodes],
    }


def _seed_stats(stats: PodStats) -> dict[str, Any]:
    return {
        "cpu_percent": stats.cpu_percent or 0,
        "ram_used": stats.ram_used or 0,
        "ram_total": stats.ram_total or 0,
        "uptime": stats.uptime or 0,
        "packets_received": stats.packets_received or 0,
        "packets_sent": stats.packets_sent or 0,
        "active_streams": stats.active_streams or 0,
    }


def _ip_node(seed: SeedReport, nodes: Sequence[PNode]) -> dict[str, Any]:
    return {
        "status": "online" if seed.ok else "offline",
        "version": {"result": {"version": seed.version}} if seed.version is not None else None,
        "stats": {"result": _flat_stats(seed.stats, seed.answered_at)} if seed.stats is not None else None,
        "pods": [
            {
                "address": node.address,
                "version": shown_version(node),
                "last_seen": shown_last_seen(node),
                "last_seen_timestamp": shown_last_seen(node),
                "total_count": len(nodes),
            }
            for node in nodes
        ],
    }


def _flat_stats(stats: PodStats, answered_at: int) -> dict[str, Any]:
    return _seed_stats(stats) | {
        "file_size": stats.file_size or 0,
        "total_bytes": stats.total_bytes or 0,
        "total_pages": stats.total_pages or 0,
        "current_index": stats.current_index or 0,
        "last_updated": answered_at if stats.last_updated is None else stats.last_updated,
    }
