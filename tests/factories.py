"""Builders of records for tests, with sensible defaults and overridable fields. All addresses and keys are invented."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from schema.domain.base import DAY, GIB
from schema.domain.node.estimate import Estimate
from schema.domain.node.failure import Failure, FailureCategory
from schema.domain.node.observation import Observation, PodStats, SeedReply
from schema.domain.node.pnode import (
    AddressSighting,
    Capacity,
    CapacityParts,
    Consistency,
    LivenessBasis,
    PNode,
    PNodeStatus,
    Provenance,
    Score,
    Tier,
    Trust,
    TrustParts,
)
from schema.domain.snapshot.record import (
    CycleTiming,
    HealthFactors,
    NetworkHealth,
    NetworkStatus,
    NetworkTotals,
    ScorePolicy,
    SeedReport,
    Snapshot,
    SnapshotHeader,
    VersionCount,
)

AT = 1_800_000_000  # a multiple of 60 and of 3,600
SEEDS = ("198.18.1.1", "198.18.1.2", "198.18.1.3")

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def key(number: int) -> str:
    """A valid public key (base58 of 32 bytes). Equal numbers give equal keys."""
    value = int.from_bytes(hashlib.sha256(b"key %d" % number).digest()[:31], "big") | (1 << 250)
    text = ""
    while value:
        value, digit = divmod(value, 58)
        text = _ALPHABET[digit] + text
    return text


def address(number: int, port: int = 9001) -> str:
    """A public-looking address, with a different host for each number."""
    return f"{45 + number // 65_025 % 40}.{number // 255 % 255}.{number % 255}.7:{port}"


def score(composite: float = 85.0, **changes: Any) -> Score:
    fields: dict[str, Any] = {
        "composite": composite,
        "tier": Tier.LOW_RISK if composite >= 80 else Tier.MEDIUM_RISK if composite >= 60 else Tier.HIGH_RISK,
        "color": "#10b981" if composite >= 80 else "#f59e0b" if composite >= 60 else "#ef4444",
        "trust": Trust(
            score=90.0,
            parts=TrustParts(uptime=30.0, gossip_presence=30.0, version_compliance=20.0, gossip_consistency=10.0),
        ),
        "capacity": Capacity(
            score=70.0, parts=CapacityParts(storage_committed=30.0, usage_balance=25.0, growth_trend=15.0)
        ),
        "policy_version": "1.0",
        "rank": 1,
        "percentile": 100.0,
    }
    return Score(**fields | changes)


def estimate(composite: float = 85.0, **changes: Any) -> Estimate:
    fields: dict[str, Any] = {
        "composite": composite,
        "low": max(composite - 5, 0.0),
        "high": min(composite + 5, 100.0),
        "shares": (0.9, 0.8, 1.0, 1.0, 1.0),
        "raw": (0.99, 20.0, 0.0, 50.0, 1.0),
        "policy_version": "2.0",
        "rank": 1,
        "percentile": 100.0,
    }
    return Estimate(**fields | changes)


def pnode(number: int = 1, **changes: Any) -> PNode:
    """An online node that three seeds list, 20 days up, half full, on the latest version."""
    home = changes.get("address", address(number))
    pubkey = changes.get("pubkey", key(number))
    status = changes.get("status", PNodeStatus.ONLINE)
    fields: dict[str, Any] = {
        "id": pubkey or f"addr:{home}",
        "address": home,
        "pubkey": pubkey,
        "status": status,
        "liveness_basis": LivenessBasis.UPTIME,
        "listed": status is not PNodeStatus.OFFLINE,
        "is_public": True,
        "rpc_port": 6000,
        "version": "0.8.0",
        "versions_behind": 0,
        "first_seen": AT - 30 * DAY,
        "last_seen": AT - 5,
        "alive_at": AT,
        "uptime": 20 * DAY,
        "storage_committed": 200 * GIB,
        "storage_used": 100 * GIB,
        "storage_usage_percent": 50.0,
        "witnesses": SEEDS if status is not PNodeStatus.OFFLINE else (),
        "source_ips": SEEDS,
        "sightings": (
            AddressSighting(address=home, status=status, last_seen=AT - 5, uptime=20 * DAY, witness_count=3),
        ),
        "consistency": Consistency(
            score=1.0, all_time=1.0, appearances=1, disappearances=0, window_days=7, last_appearance=AT - 30 * DAY
        ),
        "provenance": Provenance(seed=SEEDS[0], observed_at=AT),
        "score": score() if status is PNodeStatus.ONLINE else None,
    }
    return PNode(**fields | changes)


def seed_report(seed: str = SEEDS[0], *, failure: FailureCategory | None = None, **changes: Any) -> SeedReport:
    fields: dict[str, Any] = {
        "seed": seed,
        "host": seed.partition(":")[0],
        "answered_at": AT,
        "failure": Failure(category=failure, message=f"{seed}: {failure.value}") if failure else None,
        "version": None if failure else "0.8.0",
        "stats": None if failure else pod_stats(),
        "listed": 0 if failure else 1,
        "has_stats": failure is None,
        "coverage": None if failure else 1.0,
        "agreement": None if failure else 1.0,
        "island": None if failure else 0,
        "latency_ms": {} if failure else {"get-pods-with-stats": 12.5},
    }
    return SeedReport(**fields | changes)


def pod_stats(**changes: Any) -> PodStats:
    fields: dict[str, Any] = {
        "cpu_percent": 2.5,
        "ram_used": 2 * GIB,
        "ram_total": 8 * GIB,
        "uptime": 10 * DAY,
        "packets_received": 1_000,
        "packets_sent": 1_200,
        "active_streams": 2,
        "file_size": 100 * GIB,
        "total_bytes": 4_096,
        "total_pages": 0,
        "current_index": 3,
        "last_updated": AT - 60,
    }
    return PodStats(**fields | changes)


def snapshot(nodes: Iterable[PNode] = (), slot: int = AT, **changes: Any) -> Snapshot:
    """A snapshot of these nodes, sorted by id. Totals are counted plainly; header fields can be overridden."""
    ordered = tuple(sorted(nodes, key=lambda n: n.id))
    online = [n for n in ordered if n.status is PNodeStatus.ONLINE]
    versions: dict[str | None, int] = {}
    for node in online:
        versions[node.version] = versions.get(node.version, 0) + 1

    def status_count(status: PNodeStatus) -> int:
        return sum(n.status is status for n in ordered)

    def mean(values: Sequence[float]) -> float | None:
        return sum(values) / len(values) if values else None

    fields: dict[str, Any] = {
        "slot": slot,
        "interval": 60,
        "taken_at": slot + 2,
        "network": "devnet",
        "policy": ScorePolicy(version="1.0", latest_version="0.8.0", latest_version_source="network"),
        "seeds": tuple(seed_report(s, listed=len(ordered)) for s in SEEDS),
        "totals": NetworkTotals(
            total=len(ordered),
            online=len(online),
            ghost=status_count(PNodeStatus.GHOST),
            offline=status_count(PNodeStatus.OFFLINE),
            unknown=status_count(PNodeStatus.UNKNOWN),
            public=sum(n.is_public is True for n in online),
            private=sum(n.is_public is False for n in online),
            storage_committed=sum(n.storage_committed or 0 for n in online),
            storage_used=sum(n.storage_used or 0 for n in online),
            avg_uptime_seconds=mean([n.uptime for n in online if n.uptime is not None]),
            avg_witnesses=mean([n.witness_count for n in online]),
            avg_score=mean([n.score.composite for n in online if n.score is not None]),
            avg_storage_usage_percent=mean(
                [n.storage_usage_percent for n in online if n.storage_usage_percent is not None]
            ),
            versions=tuple(
                VersionCount(version=v, count=c) for v, c in sorted(versions.items(), key=lambda i: (-i[1], i[0] or ""))
            ),
            seeds_configured=len(SEEDS),
            seeds_ok=len(SEEDS),
            avg_cpu_percent=2.5,
            avg_ram_used_percent=25.0,
            active_streams=2 * len(SEEDS),
            bytes_processed=4_096 * len(SEEDS),
            public_unknown=sum(n.is_public is None for n in online),
        ),
        "health": NetworkHealth(
            score=90.0,
            status=NetworkStatus.HEALTHY,
            factors=HealthFactors(availability=28.0, version_consistency=24.0, node_quality=18.0, connectivity=20.0),
        ),
        "timing": CycleTiming(started_at=slot, crawl_seconds=0.5, compute_seconds=0.1, total_seconds=0.8),
        "node_count": len(ordered),
        "content_hash": hashlib.sha256(repr(ordered).encode()).hexdigest(),
    }
    return Snapshot(header=SnapshotHeader(**fields | changes), nodes=ordered)


def network(count: int, slot: int = AT, **changes: Any) -> Snapshot:
    """A varied network: four in five online, then ghosts, offline and unknown ones; versions and sizes differ."""
    statuses = (PNodeStatus.ONLINE,) * 8 + (PNodeStatus.GHOST, PNodeStatus.OFFLINE)
    nodes = [
        pnode(
            number,
            status=statuses[number % 10],
            version=("0.8.0", "0.8.0", "0.8.0", "0.7.3")[number % 4],
            versions_behind=(0, 0, 0, 1)[number % 4],
            uptime=(number * 7_919) % (40 * DAY),
            storage_committed=(1 + number % 97) * 10 * GIB,
            storage_used=(number * 104_729) % (10 * GIB),
            storage_usage_percent=float(number % 101),
            is_public=(True, False, None)[number % 3],
            last_seen=slot - number % 120,
            score=score(round(30 + number * 13.37 % 70, 2)) if statuses[number % 10] is PNodeStatus.ONLINE else None,
        )
        for number in range(1, count + 1)
    ]
    return snapshot(nodes, slot, **changes)


def observation(number: int = 1, **changes: Any) -> Observation:
    """A pod as listed by a seed of release 0.8."""
    fields: dict[str, Any] = {
        "address": address(number),
        "pubkey": key(number),
        "version": "0.8.0",
        "last_seen": AT - 5,
        "is_public": True,
        "rpc_port": 6000,
        "uptime": 20 * DAY,
        "storage_committed": 200 * GIB,
        "storage_used": 100 * GIB,
        "storage_usage_percent": 50.0,
    }
    return Observation(**fields | changes)


def seed_reply(
    seed: str = SEEDS[0], observations: Iterable[Observation] | None = (), *, at: float = AT, **changes: Any
) -> SeedReply:
    """A seed's answer. With `observations=None`, it is a failed one."""
    failed = observations is None
    fields: dict[str, Any] = {
        "seed": seed,
        "host": seed.partition(":")[0],
        "answered_at": at,
        "failure": Failure(category=FailureCategory.TIMEOUT, message="no answer within 5 s") if failed else None,
        "version": None if failed else "0.8.0",
        "stats": None if failed else pod_stats(),
        "observations": None if observations is None else tuple(observations),
        "has_stats": not failed,
        "latency_ms": {} if failed else {"get-pods-with-stats": 10.0},
    }
    return SeedReply(**fields | changes)
