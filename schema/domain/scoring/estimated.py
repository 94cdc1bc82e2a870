"""Applies policy 2.0 to the nodes of one cycle. The estimates are stored with the snapshot."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schema.domain.base import DAY, UnixSeconds
from schema.domain.node.coverage import Counts, Coverage, Expected
from schema.domain.node.estimate import Estimate, Standing
from schema.domain.node.memory import NodeMemory
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICY_2_0, Policy
from schema.domain.scoring.estimates import adoption_of, estimates
from schema.domain.scoring.evidence import Listers, evidence_of
from schema.domain.snapshot.record import Adopted


class Scene(NamedTuple):
    """The values that all nodes of a cycle share: its time, the coverage up to it, which seeds could list which nodes,
    the monitored network, and the adopted releases of the previous cycle (`Adoption.known_since`)."""

    at: UnixSeconds
    coverage: Coverage
    listers: Listers
    network: str
    adopted: tuple[Adopted, ...] | None


class Estimated(NamedTuple):
    """The estimates by node id, and the releases that are adopted by now."""

    by_id: Mapping[str, Estimate]
    adopted: tuple[Adopted, ...]


def estimated(
    nodes: Sequence[PNode], memories: Mapping[str, NodeMemory], scene: Scene, policy: Policy = POLICY_2_0
) -> Estimated:
    """The estimates of all online nodes. `memories` are those after this cycle, by id."""
    rules = policy.estimate
    if rules is None:
        raise ValueError(f"policy {policy.version} has no estimates")
    expected = Expected(scene.coverage, scene.at)
    watched: list[tuple[PNode, Counts, NodeMemory]] = []
    for node in nodes:
        if node.is_online:
            memory = memories[node.id]
            counts = memory.watch.counts(expected) if memory.watch is not None else Counts(scene.at, 0)
            watched.append((node, counts, memory))
    listers, at = scene.listers, scene.at
    evidence = [evidence_of(node, counts, listers.of(node), at=at, expected=expected) for node, counts, _ in watched]
    adoption = adoption_of(evidence, rules, own=scene.network, at=at)
    adopted = adoption.known_since(scene.adopted)
    backgrounds = [(counts, _before(memory.standings, at)) for _, counts, memory in watched]
    found = estimates(evidence, rules, adoption, version=policy.version, backgrounds=backgrounds)
    return Estimated({node.id: each for (node, _, _), each in zip(watched, found, strict=True)}, adopted)


def remembering(memory: NodeMemory, estimate: Estimate | None, at: UnixSeconds) -> NodeMemory:
    """The memory with this estimate, if it is the first one of its day."""
    standings = memory.standings
    if estimate is None or (standings and standings[-1].at // DAY >= at // DAY):
        return memory
    kept = (*standings[-1:], Standing(at, estimate.composite, estimate.shares))
    return memory.model_copy(update={"standings": kept})


def _before(standings: tuple[Standing, ...], at: UnixSeconds) -> Standing | None:
    """The first estimate of the most recent earlier day that has any."""
    return next((each for each in reversed(standings) if each.at // DAY < at // DAY), None)
