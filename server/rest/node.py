"""The node object: how one `PNode` is shown, on every route that shows nodes.

Clients of the earlier API do arithmetic on these fields and fail on null, so unknown values are shown as the
documented defaults: 0, false, "unknown", port 6000. GraphQL shows null instead.
"""

from typing import Any

from schema.domain.base import DAY, rounded
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode, Score
from schema.domain.policy import POLICY_1_0, POLICY_2_0, Tier
from schema.domain.scoring.alerts import offline_seconds
from schema.domain.scoring.parts import next_step, parts_of
from schema.domain.scoring.scores import counted_parts
from schema.domain.snapshot.record import SnapshotHeader
from server.rest.params import OLDEST_POLICY, PolicyName

DEFAULT_RPC_PORT = 6_000
UNKNOWN_VERSION = "unknown"
_NO_EMOJI = "⚪"
_NO_SCORES = {
    "trust": {
        "score": 0,
        "breakdown": {"uptime": 0, "gossip_presence": 0, "version_compliance": 0, "gossip_consistency": 0},
    },
    "capacity": {"score": 0, "breakdown": {"storage_committed": 0, "usage_balance": 0, "growth_trend": 0}},
}


def node_object(node: PNode, header: SnapshotHeader, at: int, policy: PolicyName = OLDEST_POLICY) -> dict[str, Any]:
    """The node as clients of the earlier API expect it, at the time `at`. `header` belongs to its snapshot.

    With a policy other than 1.0, `score`, `tier` and `stake_confidence` follow that policy, and `estimate` is added.
    """
    online = node.is_online
    uptime = shown_uptime(node)
    shown: dict[str, Any] = {
        "id": node.id,
        "address": node.place,
        "pubkey": shown_pubkey(node),
        "status": node.status.value,
        "is_online": online,
        "liveness_basis": node.liveness_basis.value,
        "supported": node.supported,
        "last_seen": shown_last_seen(node),
        "last_checked": header.taken_at,
        "version": shown_version(node),
        "uptime": uptime,
        "uptime_days": days(uptime),
        "is_public": bool(node.is_public),
        "rpc_port": shown_port(node.rpc_port),
        "storage_committed": node.storage_committed or 0,
        "storage_used": node.storage_used or 0,
        "storage_usage_percent": node.storage_usage_percent or 0.0,
        "peer_sources": list(node.witnesses),
        "peer_count": node.witness_count,
        "first_seen": node.first_seen,
        "source_ips": list(node.source_ips),
        "previous_addresses": [{"address": a.address, "until": a.until} for a in node.previous_addresses],
        "scores": scores_object(node),
        "score": shown_score(node),
        "tier": shown_tier(node),
    }
    if not online:
        shown["offline_duration"] = offline_duration(node, at)
    return shown if policy == OLDEST_POLICY else shown | estimated_object(node)


def scores_object(node: PNode) -> dict[str, Any]:
    """Trust, capacity and the composite with their parts; all 0 for a node without a score."""
    score = node.score
    band = POLICY_1_0.band(node.tier)
    return {
        **(parts_object(score) if score else _NO_SCORES),
        "stake_confidence": {
            "composite_score": shown_score(node),
            "rating": shown_tier(node),
            "color": band.color,
            "emoji": band.emoji or _NO_EMOJI,
        },
    }


def estimated_object(node: PNode) -> dict[str, Any]:
    """The fields that policy 2.0 replaces (score, tier and confidence), and those that it adds."""
    tier = estimated_tier(node)
    band = POLICY_2_0.band(tier)
    composite = estimated_score(node)
    confidence = {
        "composite_score": composite,
        "rating": tier.value.lower(),
        "color": band.color,
        "emoji": band.emoji or _NO_EMOJI,
    }
    return {
        "scores": {**(parts_object(node.score) if node.score else _NO_SCORES), "stake_confidence": confidence},
        "score": composite,
        "tier": tier.value.lower(),
        "estimate": estimate_object(node.estimate) if node.estimate is not None else None,
    }


def estimate_object(estimate: Estimate) -> dict[str, Any]:
    """The score by policy 2.0 with its bounds, its rank and its parts. Unknown values are null."""
    return {
        "policy_version": estimate.policy_version,
        "composite": estimate.composite,
        "low": estimate.low,
        "high": estimate.high,
        "confidence": estimate.confidence,
        "expected_loss": estimate.expected_loss,
        "rank": estimate.rank,
        "percentile": estimate.percentile,
        "next_step": next_step(estimate),
        "parts": [part.model_dump(mode="json") for part in parts_of(estimate)],
    }


def estimated_score(node: PNode) -> float:
    """The composite by policy 2.0; 0 for a node that is not online, or that has none."""
    return node.estimate.composite if node.estimate else 0


def estimated_tier(node: PNode) -> Tier:
    """The tier by policy 2.0. UNKNOWN for an online node without an estimate, as in older snapshots."""
    if node.estimate is not None:
        return node.estimate.tier
    return Tier.UNKNOWN if node.is_online else node.tier


def parts_object(score: Score) -> dict[str, Any]:
    """Trust and capacity. A part without input has the points that the score counted for it, so the parts add up."""
    trust, capacity = counted_parts(score)
    return {
        "trust": {
            "score": score.trust.score,
            "breakdown": {
                "uptime": trust.uptime,
                "gossip_presence": trust.gossip_presence,
                "version_compliance": trust.version_compliance,
                "gossip_consistency": trust.gossip_consistency,
            },
        },
        "capacity": {
            "score": score.capacity.score,
            "breakdown": {
                "storage_committed": capacity.storage_committed,
                "usage_balance": capacity.usage_balance,
                "growth_trend": capacity.growth_trend,
            },
        },
    }


def shown_pubkey(node: PNode) -> str:
    """The public key, or the address if no valid key is known, as in the earlier API, so that clients can join rows."""
    return node.pubkey or node.place


def shown_score(node: PNode) -> float:
    """The composite; 0 for a node that is not online."""
    return node.score.composite if node.score else 0


def shown_tier(node: PNode) -> str:
    return node.tier.value.lower()


def shown_version(node: PNode) -> str:
    return node.version or UNKNOWN_VERSION


def shown_port(rpc_port: int | None) -> int:
    return DEFAULT_RPC_PORT if rpc_port is None else rpc_port


def shown_uptime(node: PNode) -> int:
    """Uptime in seconds. 0 unless the node is online, because the last value of an ended process is not an uptime."""
    return node.uptime or 0 if node.is_online else 0


def shown_last_seen(node: PNode) -> int:
    """Last contact according to gossip. If no seed reports one, when the node was last observed."""
    return node.last_contact


def offline_duration(node: PNode, at: int) -> int:
    """Seconds since the last evidence that the node was online, at `at`. If its state is unknown, since its last
    contact."""
    silent = offline_seconds(node, at)
    return max(0, at - shown_last_seen(node)) if silent is None else silent


def days(seconds: int) -> float:
    return rounded(seconds / DAY, 1)
