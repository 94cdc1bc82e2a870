"""The observations of each node so far, for the simple raters and for the outcome of every prediction.

Observations are counted, not seconds. In each snapshot a node is online or not; a node that is missing is not online.
Time without snapshots is not counted.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from schema.domain.base import DAY, UnixSeconds
from schema.domain.snapshot.record import Snapshot

WINDOW_DAYS = 30


class Seen(NamedTuple):
    """Observations: `online` of `expected`."""

    online: int
    expected: int

    @property
    def share(self) -> float:
        """0..1; 0 if nothing was expected."""
        return self.online / self.expected if self.expected else 0.0


@dataclass(slots=True)
class _Node:
    """A node's online observations, by UTC day and in total, and the number of snapshots before its first one."""

    before: int
    days: deque[list[int]] = field(default_factory=lambda: deque[list[int]](maxlen=WINDOW_DAYS + 1))
    online: int = 0


class Tally:
    """Counts snapshots as they are added, oldest first."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.nodes: dict[str, _Node] = {}
        self._days: deque[list[int]] = deque(maxlen=WINDOW_DAYS + 1)
        self._names: dict[str, str] = {}

    def add(self, snapshot: Snapshot) -> None:
        """Count a snapshot."""
        day = snapshot.header.taken_at // DAY
        _count(self._days, day)
        for node in snapshot.nodes:
            for former in node.former_ids:
                self._take_over(former, node.id)
            mine = self.nodes.get(node.id)
            if mine is None:
                mine = self.nodes[node.id] = _Node(before=self.snapshots)
            if node.is_online:
                mine.online += 1
                _count(mine.days, day)
        self.snapshots += 1

    def online(self, node_id: str) -> int:
        """The number of snapshots in which the node was online, including those under a former id."""
        node = self.nodes.get(self._names.get(node_id, node_id))
        return node.online if node is not None else 0

    def recent(self, node_id: str, at: UnixSeconds) -> Seen:
        """The observations of the last 30 days before `at`, since the node was first seen."""
        node = self.nodes.get(node_id)
        if node is None:
            return Seen(0, 0)
        first = at // DAY - WINDOW_DAYS
        expected = sum(count for day, count in self._days if day > first)
        online = sum(count for day, count in node.days if day > first)
        return Seen(online, max(min(expected, self.snapshots - node.before), online))

    def _take_over(self, former: str, node_id: str) -> None:
        if self._names.get(former) == node_id:
            return
        self._names[former] = node_id
        before = self.nodes.pop(former, None)
        if before is not None and node_id not in self.nodes:
            self.nodes[node_id] = before


def _count(days: deque[list[int]], day: UnixSeconds) -> None:
    if days and days[-1][0] == day:
        days[-1][1] += 1
    else:
        days.append([day, 1])
