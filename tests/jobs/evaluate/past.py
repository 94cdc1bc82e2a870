"""Snapshots of nodes with a given presence: a letter for each hour, `#` online and `.` not."""

from collections.abc import Iterator, Mapping
from typing import Any

from schema.domain.base import HOUR
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT, address, key, pnode, score, snapshot


def hours(
    presence: Mapping[int, str], composites: Mapping[int, float] | None = None, **changes: Any
) -> Iterator[Snapshot]:
    """One snapshot an hour, from `AT` on. `composites` has the scores of online nodes."""
    for hour in range(max(map(len, presence.values()))):
        at = AT + hour * HOUR
        nodes = [
            _node(number, marks[hour] == "#", (composites or {}).get(number, 85.0))
            for number, marks in presence.items()
            if hour < len(marks) and marks[hour] != " "
        ]
        yield snapshot(nodes, at, taken_at=at, interval=HOUR, **changes)


def _node(number: int, online: bool, composite: float) -> PNode:
    return pnode(
        number,
        address=address(number),
        pubkey=key(number),
        status=PNodeStatus.ONLINE if online else PNodeStatus.OFFLINE,
        score=score(composite) if online else None,
    )
