"""What one cycle adds to the watch of a node: whether it was online, and whether anything disturbed it."""

from schema.domain.base import UnixSeconds
from schema.domain.node.coverage import Coverage
from schema.domain.node.observation import host_of
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.node.process import RESTART_SLACK_SECONDS, is_restart, process_of_node
from schema.domain.node.watch import UPGRADE_GRACE_SECONDS, Watch, begun
from schema.domain.versions import parse, sort_key


def watched(
    watch: Watch | None,
    before: PNode | None,
    after: PNode,
    *,
    at: UnixSeconds,
    seconds: int,
    coverage: Coverage,
    dropped: bool = False,
) -> Watch | None:
    """The watch after a cycle at `at` that observed `seconds`; None as long as too few seeds have listed the node.

    `before` is the node in the cycle before, `coverage` that of the network after this cycle. `dropped` tells whether
    the node has left gossip in this cycle.
    """
    supported, status = after.supported, after.status
    if watch is None:
        if not supported:
            return None
        watch, before = begun(at, coverage, seconds, after.uptime if after.is_online else None), None
    if not supported or status is PNodeStatus.UNKNOWN:
        return watch.unjudged(at, seconds)
    if status is not PNodeStatus.ONLINE:
        gone = watch.absent(at, seconds)
        return gone.disturbed(at) if dropped else gone
    if before is not None:
        watch = _changed(watch, before, after, at)
    return watch.present(at)


def _changed(watch: Watch, before: PNode, after: PNode, at: UnixSeconds) -> Watch:
    """The watch of a node that is online, after what is different from the cycle before."""
    if before.version != after.version and _is_newer(before.version, after.version):
        watch = watch.upgraded(at) or watch
    if before.key_conflict and after.key_conflict:
        # Two processes take turns: that is one conflict, and no restart of either.
        return watch
    if has_restarted(before, after):
        upgraded_at = watch.upgraded_at
        is_upgrade = upgraded_at is not None and 0 <= at - upgraded_at <= UPGRADE_GRACE_SECONDS
        return watch if is_upgrade else watch.disturbed(at)
    return watch.disturbed(at) if before.address != after.address and _has_moved(before, after) else watch


def has_restarted(before: PNode, after: PNode) -> bool:
    """Whether a living node runs another process than before."""
    old, new = before.uptime, after.uptime
    if old is None or new is None or before.alive_at is None or after.alive_at is None or not after.is_online:
        return False
    if new >= old and after.alive_at - new - (before.alive_at - old) <= RESTART_SLACK_SECONDS:
        return False  # the process goes on, as nearly all do
    was, now = process_of_node(before), process_of_node(after)
    return was is not None and now is not None and is_restart(was, now)


def _is_newer(before: str | None, after: str | None) -> bool:
    return parse(before) is not None and parse(after) is not None and sort_key(after) > sort_key(before)


def _has_moved(before: PNode, after: PNode) -> bool:
    """Whether the node is on another host; behind NAT, ports change by themselves."""
    known = before.address and after.address and not (before.address_assumed or after.address_assumed)
    return bool(known) and host_of(before.address) != host_of(after.address)
