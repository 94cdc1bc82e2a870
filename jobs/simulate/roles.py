"""The roles of seeds: how each behaves, which release it runs, and in which mesh it gossips."""

from enum import StrEnum
from typing import NamedTuple

from jobs.simulate.source import Behaviour


class Mesh(StrEnum):
    """Pods that understand each other's gossip. Releases before 0.7, from 1.2 and from 1.3 form islands."""

    MAIN = "main"
    OLD = "old"
    V12 = "v12"
    V13 = "v13"


class Role(StrEnum):
    """The behaviour of one seed. REFUSING: live in gossip, with a private pRPC. SILENT: accepts, and never answers."""

    FULL = "full"
    SPARSE = "sparse"
    SLOW = "slow"
    SILENT = "silent"
    REFUSING = "refusing"
    OLD = "old"
    ISLAND_1_2 = "island-1.2"
    ISLAND_1_3 = "island-1.3"


class Part(NamedTuple):
    """`coverage` is the share of its mesh that the seed lists, `delay` the seconds before each of its answers."""

    mesh: Mesh = Mesh.MAIN
    version: str = "0.8.0"
    coverage: float = 0.985
    delay: float = 0.0
    behaviour: Behaviour = Behaviour.ANSWERS


PARTS: dict[Role, Part] = {
    Role.FULL: Part(),
    Role.SPARSE: Part(coverage=0.75),
    Role.SLOW: Part(delay=0.5),
    Role.SILENT: Part(behaviour=Behaviour.SILENT),
    Role.REFUSING: Part(behaviour=Behaviour.REFUSES),
    Role.OLD: Part(Mesh.OLD, "0.6.0", coverage=0.8),
    Role.ISLAND_1_2: Part(Mesh.V12, "1.2.1"),
    Role.ISLAND_1_3: Part(Mesh.V13, "1.3.2"),
}

FAULTS: dict[str, tuple[Role, ...]] = {
    "none": (Role.FULL,) * 9,
    "typical": (*(Role.FULL,) * 4, Role.SPARSE, Role.SLOW, Role.ISLAND_1_2, Role.OLD, Role.REFUSING),
    "harsh": (Role.FULL, Role.FULL, *(role for role in Role if role is not Role.FULL)),
}
"""Sets of nine seeds by name. In `typical` eight answer, one of them slowly and one by get-pods only."""
