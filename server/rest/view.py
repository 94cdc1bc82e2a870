"""The current snapshot as the routes show it: one view for all requests, until there is a newer snapshot.

Values whose cost depends on the number of nodes (orders, the bytes of each node) are computed on first use and kept
with the view, so a request costs only as much as its page.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson
from starlette.responses import Response

from schema.bounded import compact
from schema.derived import Facts, Tables, tables_of
from schema.domain.errors import SnapshotUnavailable
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICY_1_0
from schema.domain.scoring.recommend import MAX_PER_GROUP, Criteria, Recommendations, recommend, recommend_newest
from schema.domain.snapshot.freshness import age_seconds, answer_time, seconds_valid
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.reads import Reads
from server.rest.aside import Aside
from server.rest.node import estimated_score, node_object, shown_last_seen, shown_score, shown_uptime
from server.rest.params import OLDEST_POLICY, PolicyName
from server.rest.respond import answer, whole
from server.rest.service import ServiceInfo

_KEPT_CRITERIA = 64
_SORT_KEYS: dict[str, Callable[[PNode], float]] = {
    "last_seen": shown_last_seen,
    "uptime": shown_uptime,
    "score": shown_score,
    "storage_used": lambda node: node.storage_used or 0,
    "storage_usage_percent": lambda node: node.storage_usage_percent or 0.0,
    "first_seen": lambda node: node.first_seen,
}


class View:
    """One snapshot at the time of its `tables`, as REST shows it.

    `cache_hit_ratio` is the only value that is not from the snapshot. It is read once, so equal requests get equal
    bytes.
    """

    def __init__(self, tables: Tables, cache_hit_ratio: float | None = None, per_group: int = MAX_PER_GROUP) -> None:
        self.tables = tables
        self.at = tables.at
        self.cache_hit_ratio = cache_hit_ratio
        self._per_group = per_group
        self._fragments: dict[tuple[str, PolicyName], orjson.Fragment] = {}
        self._recommended: dict[tuple[Criteria, PolicyName], Recommendations] = {}
        self._ordered: dict[tuple[str, str, bool, PolicyName], Sequence[PNode]] = {}

    @property
    def facts(self) -> Facts:
        return self.tables.facts

    @property
    def snapshot(self) -> Snapshot:
        return self.tables.snapshot

    @property
    def header(self) -> SnapshotHeader:
        return self.snapshot.header

    @property
    def age(self) -> int:
        """Seconds from the snapshot to the time of the view."""
        return age_seconds(self.header.taken_at, self.at)

    @cached_property
    def nodes(self) -> Sequence[PNode]:
        """All nodes by address, which is the tie-breaker of all other orders."""
        return sorted(self.snapshot.nodes, key=lambda node: (node.place, node.id))

    def with_status(self, status: str) -> Sequence[PNode]:
        """All nodes, those that are `online`, or those that are not (`offline`), by address."""
        if status == "all":
            return self.nodes
        wanted = status == "online"
        return [node for node in self.nodes if node.is_online is wanted]

    def ordered(
        self, status: str, sort_by: str, *, descending: bool, policy: PolicyName = OLDEST_POLICY
    ) -> Sequence[PNode]:
        """Those nodes ordered by one of their fields. Ties are ordered by address, ascending in both directions."""
        key = (status, sort_by, descending, policy)
        if key not in self._ordered:
            estimated = sort_by == "score" and policy != OLDEST_POLICY
            read = estimated_score if estimated else _SORT_KEYS[sort_by]
            self._ordered[key] = sorted(self.with_status(status), key=read, reverse=descending)
        return self._ordered[key]

    def recommendations(self, criteria: Criteria, policy: PolicyName = OLDEST_POLICY) -> Recommendations:
        """The recommended nodes under these criteria. Recent results are kept."""
        key = criteria, policy
        found = self._recommended.get(key)
        if found is None:
            if len(self._recommended) >= _KEPT_CRITERIA:
                self._recommended.pop(next(iter(self._recommended)))
            if policy == OLDEST_POLICY:
                found = recommend(self.snapshot, criteria)
            else:
                found = recommend_newest(self.snapshot, criteria, self._per_group)
            self._recommended[key] = found
        return found

    def fragment(self, node: PNode, policy: PolicyName = OLDEST_POLICY) -> orjson.Fragment:
        """The node object as bytes."""
        key = node.id, policy
        fragment = self._fragments.get(key)
        if fragment is None:
            fragment = orjson.Fragment(compact(orjson.dumps(node_object(node, self.header, self.at, policy))))
            self._fragments[key] = fragment
        return fragment


class Views:
    """Where routes get their view from."""

    def __init__(self, reads: Reads, service: ServiceInfo) -> None:
        self.reads = reads
        self.service = service
        self._view: View | None = None
        self._aside = Aside()

    def current(self) -> View:
        """The view of the newest snapshot, now. Raises SnapshotUnavailable before the first one."""
        snapshot = self.reads.current()
        if snapshot is None:
            raise SnapshotUnavailable(
                "No snapshot available: nothing has been collected yet, try again in a few seconds"
            )
        header = snapshot.header
        at = answer_time(header.taken_at, header.interval, self.service.clock())
        # The alerts of REST are those of policy 1.0.
        tables = tables_of(snapshot, at=at, policy=POLICY_1_0)
        view = self._view
        if view is None or view.tables is not tables:
            view = self._view = View(tables, self.service.cache_hit_ratio(), self.service.recommended_per_group)
        return view

    async def answer(self, view: View, key: Hashable, make: Callable[[], Mapping[str, Any]]) -> Response:
        """The response with the body from `make`, which reads many nodes of the view. Equal keys must have equal
        bodies.

        For a large network, the body is built in a thread, once for all requests that arrive meanwhile.
        """
        made = await self._aside.make((view, key), len(view.snapshot.nodes), lambda: whole(make()))
        return answer(made, self.max_age(view))

    def max_age(self, view: View) -> int:
        """How many seconds a response from this view stays valid."""
        return seconds_valid(view.header.taken_at, view.header.interval, self.service.clock())
