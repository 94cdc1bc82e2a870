"""Samples of whole snapshots."""

from schema.domain.history.rollup import Sample, network_sample, node_sample
from schema.domain.snapshot.record import Snapshot


def points_of(snapshot: Snapshot) -> tuple[Sample, dict[str, Sample]]:
    """The network's sample of a snapshot, and each node's by its id."""
    header = snapshot.header
    nodes = {node.id: node_sample(node, header.slot, header.interval) for node in snapshot.nodes}
    return network_sample(header), nodes
