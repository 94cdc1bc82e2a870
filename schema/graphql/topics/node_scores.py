"""The score of a node by a policy, and under assumptions."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.domain.errors import BadUserInput
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode, Score
from schema.domain.policy import POLICIES, Tier, known_policy
from schema.domain.scoring.assume import Assumptions
from schema.domain.scoring.scores import score_node
from schema.domain.versions import parse
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.types.fields import Arguments, Terms, Weight, argument
from schema.graphql.types.prices import ASSUME_COST, ASSUME_ROWS

Node = InSnapshot[PNode]


def _is_unknown_policy(arguments: Arguments) -> bool:
    policy = arguments.get("policy")
    return policy is not None and not (isinstance(policy, str) and policy in POLICIES)


def _assume_cost(arguments: Arguments, terms: Terms) -> int:
    return ASSUME_COST + terms.nodes // ASSUME_ROWS if arguments.get("assume") is not None else 0


@strawberry.input(
    name="ScoreAssumption", description="Values that a score assumes in place of the known values of a node."
)
class ScoreAssumption:
    version: str | None = strawberry.field(description="Version of its software, such as `1.2.0`.", default=UNSET)
    availability: float | None = strawberry.field(
        description="Availability over all windows, 0 to 1; policy 2.0 only.", default=UNSET
    )


def node_score(
    root: strawberry.Parent[Node],
    policy: Annotated[
        str | None,
        argument("Version of a policy, such as `1.0`; by default the newest that the snapshot was scored with."),
    ] = None,
    assume: Annotated[
        ScoreAssumption | None,
        argument("Assumptions. The result is the score that the node would have, without a rank."),
    ] = None,
) -> Score | Estimate | None:
    score = root.record.newest_score if policy is None else _score_by(root.record, policy)
    return score if assume is None or score is None else assumed_score(root, score, assume, policy)


def _score_by(node: PNode, policy: str) -> Score | Estimate | None:
    """The score by this version of a policy. Raises BadUserInput for an unknown version."""
    known_policy(policy)
    scores = (node.estimate, node.score)
    return next((each for each in scores if each is not None and each.policy_version == policy), None)


def assumed_score(
    root: Node, score: Score | Estimate, assume: ScoreAssumption, policy: str | None
) -> Score | Estimate | None:
    """The score under assumptions, by the requested policy. Raises BadUserInput for invalid assumptions."""
    version = None if assume.version is UNSET else assume.version
    availability = None if assume.availability is UNSET else assume.availability
    if version is not None and parse(version) is None:
        raise BadUserInput(f"assume.version is {version:.40}, expected a version such as 1.2.0")
    if availability is not None and not 0 <= availability <= 1:
        raise BadUserInput(f"assume.availability is {availability}, expected 0 to 1")
    if isinstance(score, Estimate):
        assumptions = root.tables.facts.indexes.of("assumptions", lambda: Assumptions(root.tables.snapshot))
        return assumptions.estimate(root.record, version=version, availability_share=availability)
    if availability is not None and policy is None:
        return None  # no policy of the snapshot uses availability
    if availability is not None:
        raise BadUserInput(f"policy {score.policy_version} does not know availability, expected policy 2.0")
    node = root.record if version is None else root.record.model_copy(update={"version": version})
    return score_node(node, latest_version=root.tables.header.policy.latest_version, policy=root.tables.facts.policy)


def node_tier(root: strawberry.Parent[Node]) -> Tier:
    return root.record.newest_tier


SCORE_WEIGHT = Weight(more=_assume_cost, invalid=_is_unknown_policy)
