"""How a cycle tells the garbage collector of the process about its large steps."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Steering(Protocol):
    """What a collector uses of `server.process.garbage.Garbage`."""

    def step(self, work: Callable[[], T], /) -> T:
        """What `work`, a plain function that makes many records, returns."""
        ...

    def look_through(self) -> None:
        """Called after each cycle."""
        ...


class Unsteered:
    """Leaves the garbage collector alone."""

    def step(self, work: Callable[[], T], /) -> T:
        return work()

    def look_through(self) -> None:
        """There is nothing to look through."""
