"""Measured figures of the real network, from which the simulated one is drawn.

Source: 60 lists of one 0.8.0 seed over 26 hours (253 entries: 200 live, 53 dead ones that still circulate), and 2,369
get-stats answers of 38 public pods over 42 minutes. A quantile table is a sequence of (percent, value), ascending.
Sizes are in bytes, ages and uptimes in seconds.
"""

import math
from bisect import bisect_right

Quantiles = tuple[tuple[float, float], ...]
Shares = tuple[tuple[str, float], ...]

LIVE_COMMITTED: Quantiles = (
    (0, 104_857_600),
    (1, 104_857_600),
    (5, 1_073_741_824),
    (10, 10_737_418_240),
    (25, 85_899_345_920),
    (50, 140e9),
    (75, 275e9),
    (90, 483_183_820_800),
    (95, 829e9),
    (99, 17.54e12),
    (100, 17.58e12),
)
LIVE_USED: Quantiles = (
    (0, 0),
    (5, 0),
    (10, 2),
    (25, 813),
    (50, 10_517),
    (75, 55_210),
    (90, 96_349),
    (95, 105_714),
    (99, 187_802),
    (100, 228_686),
)
LIVE_UPTIME: Quantiles = (
    (0, 10_295),
    (1, 45_518),
    (5, 101_470),
    (10, 157_868),
    (25, 680_646),
    (50, 1_023_146),
    (75, 1_106_550),
    (90, 1_116_132),
    (95, 1_125_122),
    (99, 1_537_828),
    (100, 1_542_794),
)
# The top percent (up to 3,478 s: live pods that the seed had lost contact with) is excluded, so that a simulated node
# can always be judged correctly by its uptime.
LIVE_AGE: Quantiles = (
    (0, 0.3),
    (1, 0.8),
    (5, 1.2),
    (10, 1.4),
    (25, 2.5),
    (50, 5.0),
    (75, 9.4),
    (90, 15.3),
    (95, 19.9),
    (100, 33.9),
)
GHOST_COMMITTED: Quantiles = (
    (0, 104_857_600),
    (5, 104_857_600),
    (10, 105_913_446),
    (25, 10e9),
    (50, 10_737_418_240),
    (75, 2.52e12),
    (90, 17.54e12),
    (99, 17.54e12),
    (100, 17.58e12),
)
GHOST_USED: Quantiles = (
    (0, 0),
    (25, 0),
    (50, 2_903),
    (75, 78_284),
    (90, 93_204),
    (95, 93_204),
    (99, 95_609),
    (100, 228_686),
)
GHOST_UPTIME: Quantiles = (
    (0, 0),
    (1, 4),
    (5, 27),
    (10, 277),
    (25, 2_182),
    (50, 4_465),
    (75, 29_652),
    (90, 178_586),
    (95, 229_861),
    (99, 705_222),
    (100, 780_406),
)
CPU_PERCENT: Quantiles = (
    (0, 0.0),
    (1, 0.2481389492750168),
    (5, 0.4918032884597778),
    (10, 0.4934210181236267),
    (25, 0.6557376980781555),
    (50, 0.9724473357200623),
    (75, 1.237623810768127),
    (90, 2.302631616592407),
    (95, 5.985037326812744),
    (99, 100.0),
    (100, 100.0),
)
RAM_USED: Quantiles = (
    (0, 501_473_280),
    (10, 527_384_576),
    (25, 683_864_064),
    (50, 740_405_248),
    (75, 795_238_400),
    (90, 1_430_876_160),
    (95, 1_891_057_664),
    (99, 5_497_585_664),
    (100, 7_356_293_120),
)
CURRENT_INDEX: Quantiles = (
    (0, 1),
    (5, 1),
    (10, 2),
    (25, 3),
    (50, 5),
    (75, 17),
    (90, 25),
    (95, 32),
    (99, 127),
    (100, 127),
)
PACKETS_PER_SECOND: Quantiles = (
    (0, 14.99),
    (1, 15.0),
    (5, 26.44),
    (10, 29.68),
    (25, 31.93),
    (50, 32.32),
    (75, 32.57),
    (90, 32.66),
    (95, 32.75),
    (99, 32.96),
    (100, 32.97),
)
"""Packets received in each second of a pod's uptime."""
RAM_TOTAL: Shares = (
    ("4105388032", 0.25),
    ("6227025920", 0.1),
    ("8209752064", 0.3),
    ("12541571072", 0.35),
)

LIVE_VERSIONS: Shares = (
    ("0.8.0", 0.895),
    ("0.7.3", 0.05),
    ("0.8.0-trynet.20251226111149.803e9d4", 0.045),
    ("0.8.0-trynet.20251224064546.c10688a", 0.005),
    ("0.8.0-trynet.20251212183600.9eea72e", 0.005),
)
GHOST_VERSIONS: Shares = (
    ("0.8.0", 0.48),
    ("0.7.3", 0.27),
    ("0.8.0-trynet.20251224064546.c10688a", 0.21),
    ("0.7.1", 0.04),
)
V12_VERSIONS: Shares = (("1.2.0", 0.7), ("1.2.1", 0.3))
V13_VERSIONS: Shares = (("1.3.2", 0.8), ("1.3.1", 0.2))
OLD_VERSIONS: Shares = (("0.6.0", 0.6), ("0.5.1", 0.4))

GHOST_SHARE = 0.21
NULL_SHARE = 0.004
MALFORMED_SHARE = 0.004
PRIVATE_SHARE = 0.016  # of all rows, on each side: live and ghost rows both
NAT_SHARE = 0.016
ODD_PORT_SHARE = 0.025
GHOST_ODD_PORT_CHANCE = 0.53
TWICE_LIVE_SHARE = 0.004
LIVE_PUBLIC_CHANCE = 0.225
GHOST_PUBLIC_CHANCE = 0.38
PUBLIC_REACHABLE_SHARE = 0.58
"""Of 66 pods that gossip calls public, 38 answered."""
ROUND_COMMITTED = 100_000_000_000  # the most frequent size
ROUND_COMMITTED_RANKS = (0.27, 0.41)  # 14 % of live pods have it; these are their places in LIVE_COMMITTED

NAT_PERIODS = (1_560.0, 2_280.0, 5_500.0, 7_200.0)  # 60, 41, 17 and 13 ports in 26 hours
USED_STEP = 27_500  # bytes: storage_used changes rarely, and by about this much
USED_STEP_SECONDS = 1_537_200.0  # 9 changes in 11,529 intervals of 20 minutes
SENT_PER_RECEIVED = 1.117

# Of 53 ghosts, 13 have one key that is also live, 11 one key that is not, 7 the key of some live node that moved once,
# and the others their own key.
GHOST_CYCLE = 53
GHOSTS_OF_A_MOVER = 13
GHOSTS_OF_A_DEAD_KEY = 11
GHOSTS_MOVED_ONCE = 7


def quantile(table: Quantiles, u: float) -> float:
    """The value at quantile `u` (0..1) of a distribution.

    Values between two known quantiles are interpolated geometrically if both are positive, because sizes and durations
    span decades, and linearly otherwise.
    """
    percent = min(max(u, 0.0), 1.0) * 100
    right = bisect_right(table, percent, key=lambda point: point[0])
    if right == len(table):
        return table[-1][1]
    (p0, v0), (p1, v1) = table[right - 1], table[right]
    part = (percent - p0) / (p1 - p0)
    if v0 > 0 and v1 > 0:
        return v0 * math.exp(part * math.log(v1 / v0))
    return v0 + part * (v1 - v0)
