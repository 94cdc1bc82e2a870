"""The storage that a node uses over time: one sample a day, and the growth between them."""

from collections.abc import Sequence
from math import ceil

from schema.domain.base import DAY
from schema.domain.node.memory import UsedSample
from schema.domain.policy import POLICY_1_0, CapacityPolicy

_MAX_SAMPLES = ceil(POLICY_1_0.capacity.growth_days) + 2


def growth(
    samples: Sequence[UsedSample], used: int | None, at: int, policy: CapacityPolicy = POLICY_1_0.capacity
) -> float | None:
    """The relative change of used storage over `growth_days`, -1..1. A younger node is measured over its age.

    (used now - used then) / max(used then, `growth_floor_bytes`), clamped. None with less than `growth_min_days` of
    data. The floor keeps the first few kilobytes of an empty node from counting as unlimited growth.
    """
    if used is None or not samples or at - samples[0].at < policy.growth_min_days * DAY:
        return None
    old_enough = [sample for sample in samples if at - sample.at >= policy.growth_days * DAY]
    base = (old_enough[-1] if old_enough else samples[0]).used
    return max(-1.0, min(1.0, (used - base) / max(base, policy.growth_floor_bytes)))


def sampled(samples: tuple[UsedSample, ...], used: int | None, at: int) -> tuple[UsedSample, ...]:
    """One sample for each UTC day within the growth window, and one older sample."""
    if used is None or (samples and samples[-1].at // DAY == at // DAY):
        return samples
    return (*samples, UsedSample(at=at, used=used))[-_MAX_SAMPLES:]
