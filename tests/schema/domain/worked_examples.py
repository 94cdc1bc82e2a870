"""The worked examples of the earlier API's formulas: the input, its result, and our result.

Where the two differ, `why` gives the correction. `docs/formulas.md` lists exactly those rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

DAY = 86_400
GIB = 2**30


class Example(NamedTuple):
    """`given` has a formula's inputs, `earlier` and `ours` the results in one notation.

    `ours` is None if they are equal.
    """

    given: Mapping[str, Any]
    earlier: str
    ours: str | None = None
    why: str = ""

    @property
    def expected(self) -> str:
        return self.earlier if self.ours is None else self.ours


def points(score: float, *parts: float) -> str:
    """A score with its parts, as text: `31.33 = 1.33 + 10 + 10 + 10`."""
    return f"{score:g} = {' + '.join(f'{part:g}' for part in parts)}"


NEWER_RULE = "versions are compared with the network's latest release, not with two constants"

# Parts: uptime, presence, version, consistency. A missing input counts as its default in the sum.
TRUST = (
    Example({"witnesses": 0}, points(10, 0, 0, 0, 10)),
    Example({"uptime": 30 * DAY, "witnesses": 3, "version": "0.8.0"}, points(100, 40, 30, 20, 10)),
    Example({"uptime": 60 * DAY, "witnesses": 9, "version": "0.8.0", "consistency": 0.5}, points(95, 40, 30, 20, 5)),
    Example(
        {"uptime": 15 * DAY, "witnesses": 2, "version": "0.7.3"},
        points(50, 20, 20, 0, 10),
        points(60, 20, 20, 10, 10),
        "one minor release behind is worth 10; it got less than the older 0.6",
    ),
    Example(
        {"uptime": DAY, "witnesses": 1, "version": "0.6.9"},
        points(31.33, 1.33, 10, 10, 10),
        points(21.33, 1.33, 10, 0, 10),
        "two minor releases behind are worth nothing; 0.6 was a constant",
    ),
    Example(
        {"uptime": 7 * DAY, "witnesses": 1, "version": "0.60.0"},
        points(39.33, 9.33, 10, 10, 10),
        points(49.33, 9.33, 10, 20, 10),
        "0.60 is newer than 0.8; it was taken for 0.6 by its first letters",
    ),
    Example(
        {"uptime": 30 * DAY, "witnesses": 3, "version": "0.8.0-trynet.20251212183600.9eea72e"},
        points(80, 40, 30, 0, 10),
        points(100, 40, 30, 20, 10),
        "a pre-release of the latest release counts as the latest",
    ),
    Example(
        {"uptime": 30 * DAY, "witnesses": 3, "version": "1.0.0"},
        points(80, 40, 30, 0, 10),
        points(100, 40, 30, 20, 10),
        NEWER_RULE,
    ),
    Example({"uptime": 3599, "witnesses": 0, "version": None}, points(10.06, 0.06, 0, 0, 10)),
    Example(
        {"uptime": -10 * DAY, "witnesses": 0, "version": "0.8.0"},
        points(16.67, -13.33, 0, 20, 10),
        points(30, 0, 0, 20, 10),
        "each part stays in its range",
    ),
    Example(
        {"uptime": 12345, "witnesses": 2, "version": "0.8.0", "consistency": 0.3333},
        points(43.52, 0.19, 20, 20, 3.33),
    ),
)

# Parts: committed, balance, growth.
CAPACITY = (
    Example({}, points(15, 0, 0, 15)),
    Example({"storage_committed": 100 * GIB, "storage_usage_percent": 50}, points(85, 30, 40, 15)),
    Example({"storage_committed": 50 * GIB, "storage_usage_percent": 20}, points(70, 15, 40, 15)),
    Example({"storage_committed": GIB, "storage_usage_percent": 19.99}, points(55.28, 0.3, 39.98, 15)),
    Example({"storage_committed": 500 * GIB, "storage_usage_percent": 80}, points(85, 30, 40, 15)),
    Example({"storage_committed": 500 * GIB, "storage_usage_percent": 80.01}, points(84.98, 30, 39.98, 15)),
    Example({"storage_committed": 100 * GIB, "storage_usage_percent": 90}, points(65, 30, 20, 15)),
    Example({"storage_committed": 100 * GIB, "storage_usage_percent": 100}, points(45, 30, 0, 15)),
    Example(
        {"storage_committed": 100 * GIB, "storage_usage_percent": 150},
        points(-55, 30, -100, 15),
        points(45, 30, 0, 15),
        "each part stays in its range",
    ),
    Example({"storage_committed": 183_000_000_000, "storage_usage_percent": 5.17e-05}, points(45, 30, 0, 15)),
    Example(
        {"storage_committed": 100 * GIB, "storage_usage_percent": 50, "growth_trend": 1.0}, points(100, 30, 40, 30)
    ),
    Example({"storage_committed": 100 * GIB, "storage_usage_percent": 10, "growth_trend": 0.0}, points(50, 30, 20, 0)),
)

COMPOSITE = (
    Example({"trust": 100, "capacity": 85}, "94 LOW_RISK #10b981 🟢"),
    Example({"trust": 80, "capacity": 80}, "80 LOW_RISK #10b981 🟢"),
    Example({"trust": 79.99, "capacity": 80}, "79.99 MEDIUM_RISK #f59e0b 🟡"),
    Example({"trust": 60, "capacity": 60}, "60 MEDIUM_RISK #f59e0b 🟡"),
    Example({"trust": 59.99, "capacity": 59.99}, "59.99 HIGH_RISK #ef4444 🔴"),
    Example({"trust": 100, "capacity": 0}, "60 MEDIUM_RISK #f59e0b 🟡"),
    Example({"trust": 0, "capacity": 100}, "40 HIGH_RISK #ef4444 🔴"),
    Example(
        {"trust": 66.67, "capacity": 99.99},
        "80 MEDIUM_RISK #f59e0b 🟡",
        "80 LOW_RISK #10b981 🟢",
        "the tier follows the rounded composite, so that figure and tier agree",
    ),
    Example({"trust": 100, "capacity": 50}, "80 LOW_RISK #10b981 🟢"),
    Example({"trust": 99.99, "capacity": 50}, "79.99 MEDIUM_RISK #f59e0b 🟡"),
)

# Groups of nodes as (count, fields); "perfect" is 30 days up, 3 witnesses, 0.8.0, 100 GiB half full.
# Parts: availability, versions, quality, connectivity.
HEALTH = (
    Example({"nodes": []}, "UNKNOWN 0 without parts"),
    Example({"nodes": [(10, {})]}, f"HEALTHY {points(98.5, 30, 25, 23.5, 20)}"),
    Example(
        {"nodes": [(10, {}), (10, {"status": "OFFLINE"})]},
        f"HEALTHY {points(83.5, 15, 25, 23.5, 20)}",
    ),
    Example({"nodes": [(3, {"status": "OFFLINE"})]}, f"CRITICAL {points(0, 0, 0, 0, 0)}"),
    Example(
        {"nodes": [(5, {}), (5, {"version": "0.7.3"})]},
        f"HEALTHY {points(84.5, 30, 12.5, 22, 20)}",
        f"HEALTHY {points(85.25, 30, 12.5, 22.75, 20)}",
        "the nodes one minor release behind have 10 points more trust",
    ),
    Example(
        {
            "nodes": [
                (8, {"uptime": DAY, "witnesses": 1, "storage_usage_percent": 0.001}),
                (2, {"status": "OFFLINE"}),
            ]
        },
        f"FAIR {points(66.37, 24, 25, 10.7, 6.67)}",
    ),
    Example(
        {
            "nodes": [
                (count, {"version": version, "witnesses": 1, "uptime": 3600, "storage_usage_percent": 0.0})
                for count, version in ((4, "0.8.0"), (3, "0.7.3"), (3, "0.6.0"))
            ]
        },
        f"DEGRADED {points(55.83, 30, 10, 9.16, 6.67)}",
        f"DEGRADED {points(55.82, 30, 10, 9.16, 6.67)}",
        "composites come from unrounded parts; 0.7.3 and 0.6.0 change places",
    ),
)

NOT_KNOWN = "what does not parse is not known, and not up to date"

VERSIONS_BEHIND = (
    Example({"version": "0.8.0", "latest": "0.8.0"}, "0"),
    Example({"version": "0.7.9", "latest": "0.8.0"}, "1"),
    Example({"version": "0.7.0", "latest": "0.8.0"}, "1"),
    Example({"version": "0.6.5", "latest": "0.8.0"}, "2"),
    Example({"version": "0.5.1", "latest": "0.8.0"}, "3"),
    Example({"version": "0.9.0", "latest": "0.8.0"}, "0"),
    Example({"version": "1.0.0", "latest": "0.8.0"}, "0"),
    Example({"version": "0.8.0-trynet.1", "latest": "0.8.0"}, "0"),
    Example({"version": "0.7.3-rc1", "latest": "0.8.0"}, "0", "1", "a pre-release is compared by its numbers"),
    Example({"version": "0.8", "latest": "0.8.0"}, "0"),
    Example({"version": "0", "latest": "0.8.0"}, "0", "null", NOT_KNOWN),
    Example({"version": "", "latest": "0.8.0"}, "0", "null", NOT_KNOWN),
    Example({"version": "unknown", "latest": "0.8.0"}, "0", "null", NOT_KNOWN),
    Example({"version": "v0.7.0", "latest": "0.8.0"}, "0", "1", "a leading v is no part of the number"),
    Example({"version": "0.7.x", "latest": "0.8.0"}, "0", "null", NOT_KNOWN),
    Example({"version": "0.10.0", "latest": "0.8.0"}, "0"),
    Example({"version": "0.7.3.1", "latest": "0.8.0"}, "1"),
    Example({"version": "0.9.0", "latest": "1.0.0"}, "1"),
    Example({"version": "0.8.0", "latest": "1.0.0"}, "2"),
    Example(
        {"version": "0.12.0", "latest": "1.0.0"},
        "0",
        "1",
        "a minor beyond nine does not make up for an older major",
    ),
    Example({"version": "1.2.0", "latest": "1.10.0"}, "8"),
)

# Base node: online, up 5 days, half full, 0.8.0, 3 witnesses. `changes` counts presence changes, `away` is in seconds.
NODE_ALERTS = (
    Example({}, "none"),
    Example({"uptime": 3599}, "CRITICAL LOW_UPTIME 3599/3600"),
    Example({"uptime": 3600}, "WARNING LOW_UPTIME 3600/86400"),
    Example({"uptime": 86399}, "WARNING LOW_UPTIME 86399/86400"),
    Example({"uptime": 86400}, "none"),
    Example({"storage_usage_percent": 85.0}, "none"),
    Example({"storage_usage_percent": 85.01}, "WARNING STORAGE_WARNING 85.01/85"),
    Example({"storage_usage_percent": 95.0}, "WARNING STORAGE_WARNING 95/85"),
    Example({"storage_usage_percent": 95.05}, "CRITICAL STORAGE_CRITICAL 95.05/95"),
    Example({"version": "0.7.3"}, "WARNING VERSION_BEHIND 0.7.3/0.8.0"),
    Example({"version": "0.6.0"}, "CRITICAL VERSION_OUTDATED 0.6.0/0.8.0"),
    Example({"version": "0.8.0-trynet.x"}, "none"),
    Example({"witnesses": 0}, "CRITICAL ISOLATED 0/1"),
    Example({"witnesses": 1}, "CRITICAL ISOLATED 1/1"),
    Example({"witnesses": 2}, "WARNING WEAK_CONNECTIVITY 2/2"),
    Example({"storage_usage_percent": 4.99}, "INFO UNDERUTILIZED 4.99/5"),
    Example({"storage_usage_percent": 5.0}, "none"),
    Example(
        {"away": 259_200},
        "none",
        "INFO OFFLINE 259200/0",
        "whoever watches a node wants to know at once, and not after three days",
    ),
    Example({"away": 259_201}, "WARNING OFFLINE 259201/259200"),
    Example({"away": 604_800}, "WARNING OFFLINE 604800/259200"),
    Example({"away": 604_801}, "CRITICAL OFFLINE 604801/604800"),
    Example({"away": 0}, "none"),
    Example({"changes": [1, 0, 1, 0, 1]}, "WARNING GOSSIP_FLAPPING 4/3"),
    Example({"changes": [1, 0, 1, 0]}, "none"),
    Example({"changes": [1, 0, 1, 1, 0, 0]}, "none"),
    Example({"changes": [1, 1, 1, 1, 1]}, "none"),
)

NETWORK_ADVICE = (
    Example({"compliance_percent": 100, "empty": 0, "critical": 0, "isolated": 0, "total": 10}, "INFO general"),
    Example({"compliance_percent": 69.99, "empty": 0, "critical": 0, "isolated": 0, "total": 10}, "MEDIUM version"),
    Example({"compliance_percent": 70, "empty": 0, "critical": 0, "isolated": 0, "total": 10}, "INFO general"),
    Example({"compliance_percent": 49.99, "empty": 3, "critical": 1, "isolated": 1, "total": 10}, "HIGH version"),
    Example(
        {"compliance_percent": 50, "empty": 4, "critical": 2, "isolated": 2, "total": 10},
        "MEDIUM version; HIGH storage; LOW storage; HIGH connectivity",
    ),
    Example({"compliance_percent": 0, "empty": 0, "critical": 0, "isolated": 0, "total": 0}, "HIGH version"),
)

TIER_COLOURS = (
    Example({"tier": "low_risk"}, "#10b981"),
    Example({"tier": "medium_risk"}, "#f59e0b"),
    Example({"tier": "high_risk"}, "#ef4444"),
    Example({"tier": "Offline"}, "#6b7280"),
    Example({"tier": "offline"}, "#6b7280"),
    Example({"tier": "unknown"}, "#6b7280"),
)

TABLES: Mapping[str, Sequence[Example]] = {
    "trust": TRUST,
    "capacity": CAPACITY,
    "composite": COMPOSITE,
    "network health": HEALTH,
    "versions behind": VERSIONS_BEHIND,
    "node alerts": NODE_ALERTS,
    "network advice": NETWORK_ADVICE,
    "tier colour": TIER_COLOURS,
}


def mended() -> list[tuple[str, Example]]:
    """The rows with different results, each with the name of its formula."""
    return [(name, row) for name, rows in TABLES.items() for row in rows if row.ours is not None]


def shown(given: Mapping[str, Any]) -> str:
    """Inputs in readable form:

    `uptime 86400, version "0.6.9"`; groups of nodes as `5 perfect; 5 with version "0.7.3"`.
    """
    if "nodes" in given:
        groups = (f"{count} {'with ' + shown(fields) if fields else 'perfect'}" for count, fields in given["nodes"])
        return "; ".join(groups) or "no nodes"
    texts = (f'{name} "{value}"' if isinstance(value, str) else f"{name} {value}" for name, value in given.items())
    return ", ".join(texts) or "nothing unusual"
