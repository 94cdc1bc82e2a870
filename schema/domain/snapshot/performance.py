"""The cost of the newest cycle and the latency of the seeds, for operators of the service."""

import math
from collections.abc import Sequence

from schema.domain.base import Record
from schema.domain.snapshot.record import SnapshotHeader

DECIMALS = 3


class Performance(Record):
    """The figures of one cycle, to three decimals. Durations use the monotonic clock, in seconds. Latencies are in
    milliseconds over all calls that succeeded; None if there are none."""

    cycle_seconds: float
    crawl_seconds: float
    compute_seconds: float
    seeds_ok: int
    seeds_failed: int
    rpc_latency_p50_ms: float | None
    rpc_latency_p95_ms: float | None


def performance(header: SnapshotHeader) -> Performance:
    """The figures of the cycle that produced this snapshot."""
    latencies = sorted(ms for seed in header.seeds for ms in seed.latency_ms.values())
    ok = sum(seed.ok for seed in header.seeds)
    return Performance(
        cycle_seconds=header.timing.total_seconds,
        crawl_seconds=header.timing.crawl_seconds,
        compute_seconds=header.timing.compute_seconds,
        seeds_ok=ok,
        seeds_failed=len(header.seeds) - ok,
        rpc_latency_p50_ms=_nearest_rank(latencies, 50),
        rpc_latency_p95_ms=_nearest_rank(latencies, 95),
    )


def _nearest_rank(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that at least `percent` of the values do not exceed. None if there are no values."""
    return round(ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)], DECIMALS) if ordered else None
