"""The simulated network as a source: maps the current time to the network's time."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from jobs.simulate.network import Network
from jobs.simulate.roles import PARTS, Mesh
from jobs.simulate.source import METHOD_NOT_FOUND, Behaviour, Result, Seed
from jobs.simulate.wire import joined_pods, pod_list


class Course(NamedTuple):
    """The network's own clock: `start` at the unix second `began`, then `speed` seconds per second.

    With `start` None and speed 1 it is the current time.
    """

    began: int
    start: int | None = None
    speed: float = 1.0

    def at(self, second: int) -> int:
        """The network's time at a unix second."""
        start = self.began if self.start is None else self.start
        return start + int((second - self.began) * self.speed)


class SimulatedSource:
    """A network with its own clock. Whatever its time is, contacts are dated by the caller's clock."""

    def __init__(self, network: Network, course: Course) -> None:
        self._network = network
        self._course = course

    @property
    def seeds(self) -> Sequence[Seed]:
        """The configured seeds, then the public pods. Some of those refuse connections, like real ones."""
        parts = (PARTS[role] for role in self._network.roles)
        configured = [Seed(host, p.behaviour, p.delay) for host, p in zip(self._network.hosts, parts, strict=True)]
        public = [
            Seed(host, Behaviour.ANSWERS if answers else Behaviour.REFUSES, configured=False)
            for host, answers in self._network.public
        ]
        return (*configured, *public)

    def result(self, seed: int, method: str, second: int) -> Result:
        at = self._course.at(second)
        match method:
            case "get-version":
                return orjson.dumps({"version": self._network.version(seed)})
            case "get-stats":
                return orjson.dumps(self._network.stats(seed, at))
            case "get-pods":
                return pod_list(self._network.pods(seed, at, second - at), with_stats=False)
            case "get-pods-with-stats" if self._network.mesh(seed) is not Mesh.OLD:
                return joined_pods(self._network.encoded_pods(seed, at, second - at))
            case _:
                return METHOD_NOT_FOUND
