"""`/all-nodes`: everything that the seeds reported, in the shapes of two older clients."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query
from starlette.responses import Response

from schema.domain.base import rounded
from schema.domain.node.observation import PodStats
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import SeedReport
from server.rest.models.all_nodes import AllNodesAnswer
from server.rest.node import shown_last_seen, shown_pubkey, shown_version
from server.rest.routes import Routes
from server.rest.view import View, Views

Shape = Literal["raw", "unique", "all"]
_NO_STATS = PodStats()


def all_nodes_routes(views: Views) -> Routes:
    """The union of the older shapes."""
    routes = Routes("legacy")

    @routes.get(
        "/all-nodes",
        operation="getAllNodes",
        summary="Everything that the seeds reported",
        model=AllNodesAnswer,
    )
    async def all_nodes(
        version: Annotated[
            Shape,
            Query(description="raw: the rows of all seeds; unique: one row a node; all: everything"),
        ] = "all",
    ) -> Response:
        """Seeds with the nodes that each lists, and the nodes with the seeds that list them.

        Values are the merged ones of the node, not those of each seed. `merged_pnodes` has only online nodes, because
        its readers show a node as online if its seed is online.
        """
        view = views.current()
        return await views.answer(view, ("all-nodes", version), lambda: _body(view, version))

    return routes


class Listings:
    """The rows of all seeds' lists as bytes. There can be nodes × seeds rows, so each node is encoded once and reused.

    `nodes` are those in gossip: listed by a seed, or not known to have left (seeds that no list contains, nodes within
    the grace period, and nodes whose seeds do not answer). `homes` maps each node id to the seed that shows the node.
    """

    def __init__(self, view: View) -> None:
        self.by_seed: dict[str, list[PNode]] = {seed.seed: [] for seed in view.header.seeds}
        own = {seed.node_id: seed.seed for seed in view.header.seeds if seed.node_id is not None}
        found = {node.id: self._home(node, own) for node in view.nodes if node.in_gossip}
        self.homes = {node_id: home for node_id, home in found.items() if home is not None}
        self.nodes = [node for node in view.nodes if node.id in self.homes]
        for node in self.nodes:
            for witness in self.by_seed.keys() & node.witnesses:
                self.by_seed[witness].append(node)
        listed = [node for node in self.nodes if node.witnesses]
        self._pods = {node.id: orjson.dumps(_pod(node))[:-1] for node in listed}
        self._drawn = {node.id: orjson.dumps(_drawn(node))[:-1] for node in listed}

    def _home(self, node: PNode, own: Mapping[str, str]) -> str | None:
        """The seed that supplied a node's values, else one that lists it, else the seed itself, else one that listed it
        before."""
        seed = node.provenance.seed
        if node.witnesses:
            return seed if seed in node.witnesses else node.witnesses[0]
        if node.id in own:
            return own[node.id]
        return next((known for known in (seed, *node.source_ips) if known in self.by_seed), None)

    @property
    def rows(self) -> int:
        return sum(map(len, self.by_seed.values()))

    def pods(self, seed: str) -> bytes:
        """The rows of one seed, separated by commas, with the seed as their source."""
        end = b',"source_ip":%b}' % orjson.dumps(seed)
        return b",".join(self._pods[node.id] + end for node in self.by_seed[seed])

    def drawn(self, seed: str) -> bytes:
        """The rows of one seed as a map of the network draws them."""
        nodes = self.by_seed[seed]
        end = b',"total_count":%d}' % len(nodes)
        return b",".join(self._drawn[node.id] + end for node in nodes)


def _body(view: View, version: Shape) -> dict[str, Any]:
    listings = Listings(view)
    pods = {seed: listings.pods(seed) for seed in listings.by_seed}
    raw = _array(b",".join(filter(None, pods.values())))
    if version == "raw":
        return {"version": version, "nodes": raw}
    unique = [_merged(node, listings.homes[node.id]) for node in listings.nodes]
    if version == "unique":
        return {"version": version, "nodes": unique}
    online = [node for node in listings.nodes if node.is_online]
    seeds = view.header.seeds
    return {
        "summary": _summary(view, listings, len(online)),
        "nodes": {seed.seed: _seed(seed) | {"pods": _array(pods[seed.seed])} for seed in seeds},
        "merged_pnodes_raw": raw,
        "merged_pnodes_unique": unique,
        "ip_nodes": {seed.seed: _ip_node(seed) | {"pods": _array(listings.drawn(seed.seed))} for seed in seeds},
        "merged_pnodes": [_map_pod(node, listings.homes[node.id]) for node in online],
    }


def _array(rows: bytes) -> orjson.Fragment:
    return orjson.Fragment(b"[%b]" % rows)


def _summary(view: View, listings: Listings, online: int) -> dict[str, Any]:
    totals = view.header.totals
    answered = sum(seed.ok for seed in view.header.seeds)
    return {
        "total_nodes": len(view.header.seeds),
        "total_pnodes": len(listings.nodes),
        "total_pnodes_raw": listings.rows,
        "total_bytes_processed": totals.bytes_processed or 0,
        "avg_cpu_percent": rounded(totals.avg_cpu_percent or 0, 2),
        "avg_ram_used_percent": rounded(totals.avg_ram_used_percent or 0, 2),
        "total_active_streams": totals.active_streams or 0,
        "last_updated": view.header.taken_at,
        "unique_pnodes": online,
        "online_ip_nodes": answered,
        "offline_ip_nodes": len(view.header.seeds) - answered,
    }


def _pod(node: PNode) -> dict[str, Any]:
    """A node as a seed lists it, without the seed."""
    seen = shown_last_seen(node)
    return {
        "address": node.place,
        "pubkey": shown_pubkey(node),
        "is_public": node.is_public,
        "rpc_port": node.rpc_port,
        "storage_committed": node.storage_committed,
        "storage_used": node.storage_used,
        "storage_usage_percent": node.storage_usage_percent,
        "uptime": node.uptime,
        "version": shown_version(node),
        "last_seen": seen,
        "last_seen_timestamp": seen,
    }


def _drawn(node: PNode) -> dict[str, Any]:
    seen = shown_last_seen(node)
    return {
        "address": node.place,
        "version": shown_version(node),
        "last_seen": seen,
        "last_seen_timestamp": seen,
    }


def _merged(node: PNode, home: str) -> dict[str, Any]:
    return _pod(node) | {
        "source_ip": home,
        "peer_sources": list(node.witnesses),
        "peer_count": node.witness_count,
        "status": node.status.value,
        "is_online": node.is_online,
    }


def _map_pod(node: PNode, home: str) -> dict[str, Any]:
    return _drawn(node) | {"source_ip": home, "pubkey": shown_pubkey(node)}


def _seed(seed: SeedReport) -> dict[str, Any]:
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


def _ip_node(seed: SeedReport) -> dict[str, Any]:
    return {
        "status": "online" if seed.ok else "offline",
        "version": {"result": {"version": seed.version}} if seed.version is not None else None,
        "stats": {"result": _flat_stats(seed.stats, seed.answered_at)} if seed.stats is not None else None,
    }


def _flat_stats(stats: PodStats, answered_at: int) -> dict[str, Any]:
    return _seed_stats(stats) | {
        "file_size": stats.file_size or 0,
        "total_bytes": stats.total_bytes or 0,
        "total_pages": stats.total_pages or 0,
        "current_index": stats.current_index or 0,
        "last_updated": answered_at if stats.last_updated is None else stats.last_updated,
    }
