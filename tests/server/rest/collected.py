"""Networks as the collector would store them: some cycles over simulated seeds, or over recorded lists."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from jobs.past.recording import read_recording, recording_files
from jobs.prpc.wire import read_pods, read_stats
from jobs.simulate.network import Network
from jobs.simulate.roles import FAULTS
from schema.domain.base import DAY
from schema.domain.cycle.advance import CycleOptions, State, advance, identify
from schema.domain.history.points import NETWORK_METRICS, NODE_METRICS, HistoryPoint
from schema.domain.history.rollup import raw_point
from schema.domain.node.observation import SeedReply
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT
from tests.fakes import FakeReads
from tests.samples import points_of

SERIES = Path(__file__).parents[4] / "shared" / "data" / "captures" / "series-20251226"
CYCLES = 4


def collected(cycles: Iterable[tuple[int, Sequence[SeedReply]]], interval: int) -> FakeReads:
    """The data of readers after these cycles: snapshots, history, and the registry."""
    state, snapshots = State(), []
    network: list[HistoryPoint] = []
    nodes: defaultdict[str, list[HistoryPoint]] = defaultdict(list)
    entries: dict[str, RegistryEntry] = {}
    options = CycleOptions(interval=interval)
    for slot, replies in cycles:
        cycle = advance(state, replies, identify(state, replies), slot=slot, at=slot + 2, options=options)
        state = cycle.state()
        snapshots.append(cycle.snapshot)
        whole, each = points_of(cycle.snapshot)
        network.append(raw_point(whole, NETWORK_METRICS))
        for node_id, sample in each.items():
            nodes[node_id].append(raw_point(sample, NODE_METRICS))
        entries.update((entry.id, entry) for entry in cycle.registry)
    return FakeReads(
        [*(_taken_before(snapshots[0], days) for days in (7, 1)), *snapshots],
        registry=entries.values(),
        network_points=network,
        node_points={node_id: tuple(points) for node_id, points in nodes.items()},
    )


def _taken_before(snapshot: Snapshot, days: int) -> Snapshot:
    """The same snapshot some days earlier: a store with that much history."""
    header = snapshot.header
    earlier = {"slot": header.slot - days * DAY, "taken_at": header.taken_at - days * DAY}
    return snapshot.model_copy(update={"header": header.model_copy(update=earlier)})


def simulated_world(nodes: int = 60, interval: int = 60) -> FakeReads:
    """Some cycles over a simulated network with the features of real ones: ghosts, odd keys, old versions."""
    network = Network(nodes, 1, FAULTS["typical"])
    return collected(
        (
            (at, [_simulated(network, seed, at) for seed in range(4)])
            for at in range(AT, AT + CYCLES * interval, interval)
        ),
        interval,
    )


def recorded_world() -> FakeReads:
    """Some cycles over the first lists of a real series, twenty minutes apart."""
    recordings = [read_recording(path) for path in recording_files(SERIES)[:CYCLES]]
    interval = 1_200
    return collected(
        (
            (AT + place * interval, [_recorded(recording.rows, recording.taken_at, AT + place * interval)])
            for place, recording in enumerate(recordings)
        ),
        interval,
    )


def _simulated(network: Network, seed: int, at: int) -> SeedReply:
    stats, _ = read_stats(network.stats(seed, at))
    listed = read_pods(orjson.loads(orjson.dumps({"pods": network.pods(seed, at)})))
    return SeedReply(
        seed=f"198.18.1.{seed + 1}",
        host=f"198.18.1.{seed + 1}",
        answered_at=at + 1,
        version=network.version(seed),
        stats=stats,
        observations=listed.observations,
        has_stats=True,
        dropped=listed.dropped,
        latency_ms={"get-pods-with-stats": 12.0},
    )


def _recorded(pods: Sequence[Any], taken_at: float, at: int) -> SeedReply:
    moved = [pod | {"last_seen_timestamp": int(pod["last_seen_timestamp"] + at - taken_at)} for pod in pods]
    listed = read_pods({"pods": moved})
    return SeedReply(
        seed="198.18.1.1",
        host="198.18.1.1",
        answered_at=at + 1,
        observations=listed.observations,
        has_stats=True,
        dropped=listed.dropped,
    )
