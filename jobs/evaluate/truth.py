"""What is known of a node beyond observations. Only simulated months know it."""

from typing import NamedTuple, Protocol

from jobs.simulate.character import SOUND
from jobs.simulate.months import Months
from schema.domain.base import UnixSeconds


class Truth(NamedTuple):
    """What a node really is: the name of its character, whether nobody should condemn it, and when it died."""

    character: str
    sound: bool
    died_at: UnixSeconds | None


class Oracle(Protocol):
    """Answers for each node of one past."""

    def truth(self, node_id: str) -> Truth | None:
        """What the node really is; None where nobody knows."""
        ...

    def availability(self, node_id: str, start: UnixSeconds, end: UnixSeconds) -> float | None:
        """The share 0..1 of [start, end) in which the node really is up; None where nobody knows."""
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
