"""The stages of a cycle, as the proxy in front of the store sees them. Accidents happen there."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, NamedTuple

from tests.faults.wire import Command, Wire


class Stage(NamedTuple):
    """A moment of a cycle: before a command arrives, or after it was executed and before its response."""

    name: str
    when: Literal["before", "after"]
    command: str
    collection: str
    commits: bool = False

    def matches(self, command: Command) -> bool:
        return (command.name, command.collection, command.commits) == (self.command, self.collection, self.commits)


LEASE_TAKEN = Stage("lease taken", "after", "findAndModify", "head")
BEFORE_NODES = Stage("before the nodes are written", "before", "insert", "chunks")
NODES_WRITTEN = Stage("nodes written", "after", "insert", "chunks")
MEMORY_WRITTEN = Stage("memory written", "after", "insert", "carried")
BEFORE_COMMIT = Stage("before the commit", "before", "findAndModify", "head", commits=True)
COMMITTED = Stage("committed, unanswered", "after", "findAndModify", "head", commits=True)
BEFORE_LOG = Stage("before the log", "before", "update", "snapshots")
LOGGED = Stage("logged", "after", "update", "snapshots")
FOLLOWED = Stage("all that follows is written", "before", "delete", "carried")
BEFORE_REPORT = Stage("before the report", "before", "update", "head")

STAGES = (
    LEASE_TAKEN,
    BEFORE_NODES,
    NODES_WRITTEN,
    MEMORY_WRITTEN,
    BEFORE_COMMIT,
    COMMITTED,
    BEFORE_LOG,
    LOGGED,
    FOLLOWED,
    BEFORE_REPORT,
)


class Accident:
    """Does something once, when a cycle reaches a stage. `at` is the time of that (unix seconds), 0 until then."""

    def __init__(self, wire: Wire, stage: Stage, happen: Callable[[], Awaitable[None]]) -> None:
        self._wire = wire
        self._stage = stage
        self._happen = happen
        self.at = 0.0
        if stage.when == "before":
            wire.before = self._meet
        else:
            wire.after = self._meet

    async def _meet(self, command: Command, _: Mapping[str, Any] | None = None) -> None:
        if not self.at and self._stage.matches(command):
            self.at = time.time()
            await self._happen()
