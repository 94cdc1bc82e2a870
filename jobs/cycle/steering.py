"""How a cycle informs the garbage collector of the process about its large steps."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Steering(Protocol):
    """The part of `server.process.garbage.Garbage` that a collector uses."""

    def step(self, work: Callable[[], T], /) -> T:
        """Run `work`, a synchronous function that creates many records, and return its result."""
        ...

    def look_through(self) -> None:
        """Called after each cycle."""
        ...


class Unsteered:
    """Leaves the garbage collector unchanged."""

    def step(self, work: Callable[[], T], /) -> T:
        return work()

    def look_through(self) -> None:
        """There is nothing to collect."""
