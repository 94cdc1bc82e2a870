"""The changes between two consecutive snapshots, as events.

Pure and deterministic: the same two snapshots give the same events in the same order, so a cycle that is retried writes
the same log. A value that was or is unknown does not count as changed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schema.domain.cycle.events import Event, EventType
from schema.domain.cycle.watching import has_restarted
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.pairs import pairs_of
from schema.domain.snapshot.record import SeedReport, Snapshot

SEED_OK = "ok"
# A reallocated file differs by a few blocks. A change counts only if it exceeds this size, or this share of the
# committed storage.
COMMITTED_SLACK_BYTES = 65_536
COMMITTED_SLACK_SHARE = 0.01
MAX_NAMED_ADDRESSES = 16


class _Change(NamedTuple):
    type: EventType
    subject: str
    address: str | None
    before: str | None = None
    after: str | None = None


def derive(previous: Snapshot | None, current: Snapshot) -> tuple[Event, ...]:
    """The events between `previous` and `current`: nodes by id, each in the order of `EventType`, then seeds.

    The first snapshot of a store has no events, because nodes that exist when monitoring begins did not join then.
    `before` and `after` are texts:

    - JOINED (to status; from status if the node had left), LEFT (from status): an offline node counts as absent;
    - RESTARTED (uptimes in seconds), COMMITTED_CHANGED (bytes), VERSION_CHANGED, ADDRESS_CHANGED, TIER_CHANGED,
      STATUS_CHANGED: the values themselves;
    - KEY_CONFLICT, when it begins: after = the live addresses (at most 16), separated by commas;
    - SEED_UP, SEED_DOWN: `ok`, or the category of the failure.

    Nodes that too few seeds list have no events. Such a node joins when enough seeds list it.
    """
    if previous is None:
        return ()
    changes = (*_node_changes(previous, current), *_seed_changes(previous, current))
    at = current.header.taken_at
    return tuple(
        Event(
            slot=current.slot,
            index=index,
            at=at,
            type=change.type,
            subject=change.subject,
            address=change.address or None,
            before=change.before,
            after=change.after,
        )
        for index, change in enumerate(changes)
    )


def _node_changes(previous: Snapshot, current: Snapshot) -> Iterator[_Change]:
    nodes, departed = pairs_of(previous, current)
    pairs = {node.id: (old, node) for old, node in nodes}
    gone = {old.id: old for old in departed}
    for node_id in sorted({*pairs, *gone}):
        if node_id in pairs:
            old, new = pairs[node_id]
            yield from _arrival(new) if old is None else _differences(old, new)
        elif _is_there(gone[node_id]) and gone[node_id].supported:
            yield _left(gone[node_id])


def _is_there(node: PNode) -> bool:
    return node.status is not PNodeStatus.OFFLINE


def _left(old: PNode) -> _Change:
    return _Change(EventType.LEFT, old.id, old.address, before=old.status.value)


def _arrival(node: PNode) -> Iterator[_Change]:
    if not node.supported:
        return
    if _is_there(node):
        yield _Change(EventType.JOINED, node.id, node.address, after=node.status.value)
    if node.key_conflict:
        yield _conflict(node)


def _differences(old: PNode, new: PNode) -> Iterator[_Change]:
    subject, address = new.id, new.address
    if not new.supported and not old.supported:
        return
    if _is_there(new) and not (_is_there(old) and old.supported):
        yield _Change(EventType.JOINED, subject, address, old.status.value, new.status.value)
    if _is_there(old) and not _is_there(new):
        yield _Change(EventType.LEFT, subject, address, old.status.value)
    if not _alternates(old, new):
        yield from _moves(old, new)
    if old.newest_tier is not new.newest_tier and _same_policy(old, new):
        yield _Change(EventType.TIER_CHANGED, subject, address, old.newest_tier.value, new.newest_tier.value)
    if old.status is not new.status:
        yield _Change(EventType.STATUS_CHANGED, subject, address, old.status.value, new.status.value)
    if new.key_conflict and not old.key_conflict:
        yield _conflict(new)


def _same_policy(old: PNode, new: PNode) -> bool:
    """Whether the same policy scored both nodes. If not, a different tier does not mean that the node changed."""
    before, after = old.newest_score, new.newest_score
    return before is None or after is None or before.policy_version == after.policy_version


def _alternates(old: PNode, new: PNode) -> bool:
    """Whether only the published address changed, between several addresses of one node.

    Two machines with one key alternate; that is one conflict, not one change per cycle. Records of a dead node
    alternate too, because their gossip times are reset repeatedly.
    """
    in_turns = (old.key_conflict and new.key_conflict) or new.status is PNodeStatus.GHOST
    return in_turns and old.address != new.address


def _moves(old: PNode, new: PNode) -> Iterator[_Change]:
    subject, address = new.id, new.address
    if has_restarted(old, new):
        yield _Change(EventType.RESTARTED, subject, address, str(old.uptime), str(new.uptime))
    if old.version is not None and new.version is not None and old.version != new.version:
        yield _Change(EventType.VERSION_CHANGED, subject, address, old.version, new.version)
    if old.address != new.address and old.address and new.address and not (old.address_assumed or new.address_assumed):
        yield _Change(EventType.ADDRESS_CHANGED, subject, address, old.address, new.address)
    if _commits_otherwise(old.storage_committed, new.storage_committed):
        committed = (str(old.storage_committed), str(new.storage_committed))
        yield _Change(EventType.COMMITTED_CHANGED, subject, address, *committed)


def _commits_otherwise(old: int | None, new: int | None) -> bool:
    if old is None or new is None or old == new:
        return False
    change = abs(new - old)
    return change > COMMITTED_SLACK_BYTES or change >= COMMITTED_SLACK_SHARE * max(old, new)


def _conflict(node: PNode) -> _Change:
    alive = sorted(sighting.address for sighting in node.sightings if sighting.status is PNodeStatus.ONLINE)
    return _Change(EventType.KEY_CONFLICT, node.id, node.address, after=",".join(alive[:MAX_NAMED_ADDRESSES]))


def _seed_changes(previous: Snapshot, current: Snapshot) -> Iterator[_Change]:
    before = {report.seed: report for report in previous.header.seeds}
    for report in sorted(current.header.seeds, key=lambda r: r.seed):
        old = before.get(report.seed)
        if old is not None and old.ok != report.ok:
            type_ = EventType.SEED_UP if report.ok else EventType.SEED_DOWN
            yield _Change(type_, report.seed, report.host, _health(old), _health(report))


def _health(report: SeedReport) -> str:
    category: FailureCategory | None = report.failure.category if report.failure else None
    return category.value if category else SEED_OK
