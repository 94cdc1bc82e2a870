"""The graph of `/network/topology`."""

from typing import Any

from schema.domain.base import rounded
from schema.domain.network.topology import Topology, TopologyNode
from schema.domain.node.observation import PodStats
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import SeedReport
from server.rest.node import shown_last_seen, shown_pubkey, shown_uptime, shown_version

_NO_STATS = PodStats()


def topology_body(graph: Topology, at: int) -> dict[str, Any]:
    """Points and edges by name. A seed is identified by its configured name, a node by its address."""
    return {
        "nodes": [_point(point) for point in graph.nodes],
        "edges": [{"source": edge.source, "target": edge.address, "type": "gossip_connection"} for edge in graph.edges],
        "stats": {
            "total_nodes": graph.stats.nodes,
            "ip_nodes": graph.stats.seeds,
            "pnodes": graph.stats.pnodes,
            "total_connections": graph.stats.connections,
            "avg_connections_per_pnode": rounded(graph.stats.avg_connections, 2),
            "timestamp": at,
        },
    }


def _point(point: TopologyNode) -> dict[str, Any]:
    if point.pnode is not None:
        kind, properties, name = "pnode", _node_properties(point.pnode), point.pnode.place
    else:
        kind, properties, name = "ip_node", _seed_properties(point.seed), point.id
    return {"id": name, "type": kind, "label": point.label, "group": point.group, "properties": properties}


def _seed_properties(seed: SeedReport | None) -> dict[str, Any]:
    """A seed's own figures; 0 if it did not answer."""
    stats = (seed.stats if seed else None) or _NO_STATS
    return {
        "active_streams": stats.active_streams or 0,
        "uptime": stats.uptime or 0,
        "cpu_percent": stats.cpu_percent or 0,
        "ram_used_percent": rounded(100 * (stats.ram_used or 0) / stats.ram_total, 2) if stats.ram_total else 0,
        "total_pods_reported": seed.listed if seed else 0,
    }


def _node_properties(node: PNode) -> dict[str, Any]:
    return {
        "pubkey": shown_pubkey(node),
        "version": shown_version(node),
        "uptime": shown_uptime(node),
        "storage_committed": node.storage_committed or 0,
        "storage_used": node.storage_used or 0,
        "storage_usage_percent": node.storage_usage_percent or 0.0,
        "is_public": bool(node.is_public),
        "peer_count": node.witness_count,
        "last_seen": shown_last_seen(node),
    }
