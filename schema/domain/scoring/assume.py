"""Hypothetical scores: the score of a node with another version, or another availability."""

from functools import cached_property

from schema.domain.base import DAY
from schema.domain.node.coverage import Expected, Observed
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICIES, POLICY_2_0, AlertPolicy, EstimatePolicy
from schema.domain.scoring.currency import Adoption
from schema.domain.scoring.estimates import Placed, adoption_of, figures, published
from schema.domain.scoring.evidence import Listers, evidence_of
from schema.domain.scoring.shares import availability
from schema.domain.snapshot.record import Snapshot

_WINDOWS = (DAY, 7 * DAY, 30 * DAY)


class Assumptions:
    """The comparison data of a snapshot's nodes, computed once, and scores under assumptions."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        header = snapshot.header
        self.at = header.taken_at
        self.expected = Expected(header.coverage, header.taken_at)
        self.listers = Listers(
            {seed.seed: seed.island for seed in header.seeds if seed.island is not None},
            {seed.seed: seed.node_id for seed in header.seeds if seed.node_id is not None},
        )

    @property
    def rules(self) -> EstimatePolicy:
        """The constants by which the snapshot was scored."""
        version = self._snapshot.header.policy.estimate_version or POLICY_2_0.version
        return POLICIES.get(version, POLICY_2_0).estimate or EstimatePolicy()

    @property
    def alert_policy(self) -> AlertPolicy:
        """The alert thresholds that all policies share."""
        return POLICY_2_0.alerts

    @cached_property
    def adoption(self) -> Adoption:
        """The releases that the network runs."""
        rules = self.rules
        evidence = [
            evidence_of(node, found.counts, 0, at=self.at, expected=self.expected)
            for node in self._snapshot.nodes
            if (found := node.estimate) is not None and found.counts is not None
        ]
        adoption = adoption_of(evidence, rules, own=self._snapshot.header.network, at=self.at)
        adoption.known_since(self._snapshot.header.adopted)
        return adoption

    def estimate(
        self, node: PNode, *, version: str | None = None, availability_share: float | None = None
    ) -> Estimate | None:
        """The node's estimate under these assumptions, without a rank. None if it has no estimate.

        `availability_share` (0..1) is the assumed availability over all windows. Storage, disturbances and witnesses
        stay unchanged.
        """
        before = node.estimate
        if before is None or before.counts is None:
            return None
        rules = self.rules
        could_list = self.listers.of(node)
        evidence = evidence_of(node, before.counts, could_list, at=self.at, expected=self.expected)
        if version is not None:
            evidence = evidence._replace(version=version)
        if availability_share is not None:
            day, week, month = (Observed(span, round(span * availability_share)) for span in _WINDOWS)
            evidence = evidence._replace(day=day, week=week, month=month)
        placed = Placed(
            currency=self.adoption.share(evidence.version),
            newer=self.adoption.newer_share(evidence.version),
            percentile=before.raw[3],
        )
        available = availability(evidence.day, evidence.week, evidence.month, rules.availability, rules.deviations)
        return published(figures(evidence, placed, rules, available), before.policy_version)
