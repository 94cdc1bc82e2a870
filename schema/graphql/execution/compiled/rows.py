"""The JSON of the nodes of a list, kept for the next page, order or filter that shows the same nodes.

A snapshot does not change, so a node has the same JSON under the same selection in every list of that snapshot. A list
of nodes whose JSON is kept is one join of bytes. Nothing is kept for a selection before it is used for the second time,
so that the first use costs nothing more.
"""

from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

import orjson

from schema.bounded import BoundedMap, compact
from schema.derived import Tables
from schema.domain.node.pnode import PNode
from schema.graphql.execution.tables import InSnapshot, Items

MAX_KEPT_BYTES = 8 * 2**20
MAX_KEPT_SELECTIONS = 128
# What a kept row takes besides its JSON: the object, and its entry.
ROW_BYTES = 160

Key = tuple[ReferenceType["Rows"], ReferenceType[Tables]]


class Kept:
    """The JSON of nodes under one selection in one snapshot, by the identity of the node, and its size.

    The node is kept too, so that no other one can get its identity.
    """

    __slots__ = ("rows", "size")

    def __init__(self) -> None:
        self.rows: dict[int, tuple[PNode, bytes]] = {}
        self.size = 0

    def add(self, node: PNode, written: bytes) -> None:
        self.rows[id(node)] = (node, written)
        self.size += len(written) + ROW_BYTES


class RowStore:
    """The kept rows of a process, of the most recently used selections and snapshots, within these bounds."""

    def __init__(self, *, max_bytes: int = MAX_KEPT_BYTES, max_selections: int = MAX_KEPT_SELECTIONS) -> None:
        # Lists that were joined from rows, for metrics and tests.
        self.joined = 0
        self._kept = BoundedMap[Key, Kept](max_entries=max_selections, max_size=max_bytes, largest=max_bytes // 2)

    @property
    def size(self) -> int:
        """The bytes that are kept."""
        return self._kept.size

    def clear(self) -> None:
        self._kept.clear()

    def of(self, rows: ReferenceType["Rows"], tables: Tables) -> Kept | None:
        """The kept rows of a selection in a snapshot. None the first time."""
        key = (rows, ref(tables))
        found = self._kept.get(key)
        if found is None:
            self._kept.drop(_is_gone)
            found = Kept()
            if not self._kept.put(key, found, 0):
                return None
        return found

    def grown(self, rows: ReferenceType["Rows"], tables: Tables, kept: Kept) -> None:
        """Account for rows that were added. Those that take more than half of what may be kept are forgotten."""
        key = (rows, ref(tables))
        if not self._kept.put(key, kept, kept.size):
            self._kept.pop(key)


def _is_gone(key: Key) -> bool:
    """Whether the selection or the snapshot is no longer in use."""
    return key[0]() is None or key[1]() is None


class Rows:
    """The rows of one selection of nodes. `store` keeps them."""

    __slots__ = ("__weakref__", "_ref", "_store")

    def __init__(self, store: RowStore) -> None:
        self._store = store
        self._ref: ReferenceType[Rows] = ref(self)

    def written(self, items: Items[Any], run: object, write: Callable[[Any, Any], Any]) -> orjson.Fragment | None:
        """The list as JSON. `write` makes the dictionary of one node. None if nothing is kept for it yet."""
        records, tables = items.records, items.tables
        if not records or type(records[0]) is not PNode:
            return None
        kept = self._store.of(self._ref, tables)
        if kept is None:
            return None
        rows = kept.rows
        missing = [record for record in records if id(record) not in rows]
        if missing:
            for record in missing:
                kept.add(record, compact(orjson.dumps(write(InSnapshot(record, tables), run))))
            self._store.grown(self._ref, tables, kept)
        self._store.joined += 1
        return orjson.Fragment(b"[%b]" % b",".join([rows[id(record)][1] for record in records]))
