"""Sums and means over known values: plain ones, and ones that a few extreme values do not change."""

from collections.abc import Iterable, Sequence
from math import fsum
from statistics import median, median_low
from typing import Any

from schema.domain.base import MAX_INT64
from schema.domain.node.observation import PodStats

TRIMMED_SHARE = 0.1
"""The share of the values that a trimmed sum excludes at each end."""
_ENOUGH_SEEDS = 3


def total(values: Iterable[int | None]) -> int | None:
    """The sum of the known values, capped at 2^63 − 1, the largest stored integer. None if there are none."""
    known = [value for value in values if value is not None]
    return min(sum(known), MAX_INT64) if known else None


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the known values, independent of their order. None if there are none."""
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


def trimmed_sum(values: Sequence[int]) -> int | None:
    """The mean without the lowest and highest tenth of the values, multiplied by their number. None without values."""
    if not values:
        return None
    cut = -int(-len(values) * TRIMMED_SHARE // 1) if len(values) >= _ENOUGH_SEEDS else 0
    kept = sorted(values)[cut : len(values) - cut]
    return min(round(sum(kept) * len(values) / len(kept)), MAX_INT64)


def own_figures(stats: Sequence[PodStats]) -> dict[str, Any]:
    """Totals of the figures that seeds report about themselves.

    With three or more seeds, the median is used as the mean, and multiplied by their number as the sum. A single seed
    could set a plain mean or sum to any value. Implausible values, such as more memory used than present, are excluded.
    """
    cpu = [s.cpu_percent for s in stats if s.cpu_percent is not None]
    ram = [100 * s.ram_used / s.ram_total for s in stats if s.ram_used is not None and s.ram_total]
    streams = [s.active_streams for s in stats if s.active_streams is not None]
    processed = [
        s.total_bytes for s in stats if s.total_bytes is not None and s.total_bytes <= (s.file_size or MAX_INT64)
    ]
    return {
        "avg_cpu_percent": _middle_or_mean(cpu),
        "avg_ram_used_percent": _middle_or_mean([percent for percent in ram if percent <= 100]),  # noqa: PLR2004
        "active_streams": _middle_or_sum(streams),
        "bytes_processed": _middle_or_sum(processed),
    }


def _middle_or_mean(values: Sequence[float]) -> float | None:
    return median(values) if len(values) >= _ENOUGH_SEEDS else mean(values)


def _middle_or_sum(values: Sequence[int]) -> int | None:
    enough = len(values) >= _ENOUGH_SEEDS
    return min(median_low(values) * len(values), MAX_INT64) if enough else total(values)
