"""The true state of nodes, independent of observations. It is known only in simulated months."""

from typing import NamedTuple, Protocol

from jobs.simulate.character import SOUND
from jobs.simulate.months import Months
from schema.domain.base import UnixSeconds


class Truth(NamedTuple):
    """The true state of a node: the name of its character, whether it is sound, and when it died."""

    character: str
    sound: bool
    died_at: UnixSeconds | None


class Oracle(Protocol):
    """Answers for each node of one past."""

    def truth(self, node_id: str) -> Truth | None:
        """The true state of the node. None if it is not known."""
        ...

    def availability(self, node_id: str, start: UnixSeconds, end: UnixSeconds) -> float | None:
        """The share 0..1 of [start, end) in which the node is really up. None if it is not known."""
        ...


class Nobody:
    """The oracle of a past that was only observed."""

    def truth(self, node_id: str) -> Truth | None:
        del node_id
        return None

    def availability(self, node_id: str, start: UnixSeconds, end: UnixSeconds) -> float | None:
        del node_id, start, end
        return None


class MonthsOracle:
    """The oracle of simulated months."""

    def __init__(self, months: Months) -> None:
        self._courses = months.courses

    def truth(self, node_id: str) -> Truth | None:
        course = self._courses.get(node_id)
        return course and Truth(course.character.value, course.character in SOUND, course.died_at)

    def availability(self, node_id: str, start: UnixSeconds, end: UnixSeconds) -> float | None:
        course = self._courses.get(node_id)
        return None if course is None else course.share_up(start, end)
