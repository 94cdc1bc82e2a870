"""Score the nodes of a cycle by all published policies."""

from collections.abc import Mapping

from schema.domain.cycle.known import Known
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICY_1_0, POLICY_2_0
from schema.domain.scoring.estimated import Scene, estimated
from schema.domain.scoring.scores import ranked, score_node
from schema.domain.snapshot.record import Adopted, ScorePolicy
from schema.domain.versions import latest_release, versions_behind


def scored(
    after: Mapping[str, Known], scene: Scene, *, min_share: float, override: str | None
) -> tuple[tuple[PNode, ...], ScorePolicy, tuple[Adopted, ...]]:
    """The scored nodes, with the policy data they were scored by, and the adoption dates of releases.

    `min_share` and `override` are passed to `schema.domain.versions.latest_release`.
    """
    everyone = [known.node for known in after.values() if known.node is not None]
    latest, source = latest_release(
        (node.version for node in everyone if node.is_online and node.supported),
        min_share=min_share,
        override=override,
    )
    plain = [score_node(node, latest_version=latest) for node in everyone]
    places = ranked([score if node.supported else None for node, score in zip(everyone, plain, strict=True)])
    scores = [place or score for place, score in zip(places, plain, strict=True)]
    found = estimated(everyone, {i: known.memory for i, known in after.items()}, scene)
    nodes = tuple(
        [
            node.model_copy(
                update={
                    "versions_behind": versions_behind(node.version, latest),
                    "score": score,
                    "estimate": found.by_id.get(node.id),
                }
            )
            for node, score in zip(everyone, scores, strict=True)
        ]
    )
    policy = ScorePolicy(
        version=POLICY_1_0.version,
        latest_version=latest,
        latest_version_source=source,
        estimate_version=POLICY_2_0.version,
    )
    return nodes, policy, found.adopted
