"""A simulated pRPC network: what each seed answers at a given time.

Everything is a pure function of size, seed number, roles and time, so a restarted network continues at the current
time. No time stamp is in the future, and a seed's values for a live pod only increase, except at the pod's restarts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson

from jobs.simulate import params
from jobs.simulate.draws import Draws, scramble
from jobs.simulate.identity import RPC_PORT
from jobs.simulate.population import cast
from jobs.simulate.roles import FAULTS, PARTS, Mesh, Part, Role
from jobs.simulate.row import Kind, Row
from jobs.simulate.sight import SeedView, last_contact, odd_sight, view_of
from jobs.simulate.stats import seed_stats
from schema.domain.base import MINUTE

DEFAULT_NODES = 300
USED_WINDOW = 10 * MINUTE
MAX_PUBLIC = 128
"""Public pods that answer in addition to the seeds, each on its own socket."""


class Network:
    """The network of one seed number. See the module docstring.

    `roles` describes the pRPC seeds, in the order of `hosts`, their addresses without a port. `public` are the hosts of
    other pods with a public pRPC, each with whether it is reachable. Methods take the index of a seed, or of a public
    pod, counted after the seeds. Times are unix seconds.
    """

    def __init__(self, nodes: int = DEFAULT_NODES, seed: int = 1, roles: Sequence[Role] = FAULTS["typical"]) -> None:
        self.roles = tuple(roles)
        self.seed = seed
        self.rows = cast(nodes, seed, self.roles)
        self.hosts = tuple(row.host for row in self.rows[: len(self.roles)])
        # A pod of an island cannot decode its configured entry point, so everything about that pod is unknown to it.
        self._unread = replace(self.rows[0], kind=Kind.UNHEARD)
        self._parts = tuple(PARTS[role] for role in self.roles)
        neighbours = _neighbours(self.rows, len(self.roles))
        self._places = (*range(len(self.roles)), *neighbours)
        self.public = tuple((self.rows[place].host, _reachable(self.rows[place])) for place in neighbours)
        self._views: dict[int, SeedView] = {}
        self._lines: tuple[int, list[str]] = (-1, [])
        for index in range(len(self.roles)):
            self._view(index)

    def version(self, index: int) -> str:
        """The release that a pod runs."""
        return self.rows[self._places[index]].version

    def mesh(self, index: int) -> Mesh:
        """The mesh in which a pod gossips."""
        return self.rows[self._places[index]].mesh

    def stats(self, index: int, at: float) -> dict[str, int | float]:
        """A pod's get-stats."""
        return seed_stats(self.rows[self._places[index]], Draws("stats", self.seed, index), at)

    def pods(self, index: int, at: float, shift: int = 0) -> list[dict[str, Any]]:
        """A pod's get-pods-with-stats; see `encoded_pods`."""
        return [orjson.loads(pod) for pod in self.encoded_pods(index, at, shift)]

    def encoded_pods(self, index: int, at: float, shift: int = 0) -> list[str]:
        """The JSON of each pod in a pod's get-pods-with-stats at `at`. Excludes itself; re-learned ghosts come last.

        `shift` (seconds) is added to every last_seen_timestamp, for a clock other than the network's own.
        """
        pods = [*self._odd(index, at, shift)]
        rows, lines, view = self.rows, self._lines_at(at), self._view(index)
        contacts = view.live
        for place, interval, moment in zip(contacts.indices, contacts.intervals, contacts.moments, strict=True):
            row, contact = rows[place], last_contact(at, interval, moment)
            pods.append(lines[place] % (contact + shift, (contact - row.phase) % row.life))
        contacts = view.dead
        dead = [
            (last_contact(at, interval, moment), place)
            for place, interval, moment in zip(contacts.indices, contacts.intervals, contacts.moments, strict=True)
        ]
        dead.sort()
        pods.extend(lines[place] % (contact + shift, rows[place].uptime) for contact, place in dead)
        return pods

    def _odd(self, index: int, at: float, shift: int) -> Iterator[str]:
        """The pods that a seed sees differently than they are."""
        mesh, window = self.mesh(index), _window(at)
        odd = [(self.rows[place], word) for place, word in self._view(index).odd]
        if mesh is not Mesh.MAIN:
            odd.append((replace(self._unread, mesh=mesh), _salt(index)))
        for row, word in odd:
            sight = odd_sight(row, mesh, word, at)
            if sight is not None:
                line = _line(row, sight.port, sight.version, row.usage.at(window))
                yield line % (sight.contact + shift, sight.uptime)

    def _view(self, index: int) -> SeedView:
        """The rows that a pod may list. Those of a public pod are computed on first use: most are never needed."""
        if index not in self._views:
            part = self._parts[index] if index < len(self._parts) else Part()
            self._views[index] = view_of(self.rows, part, self.rows[self._places[index]].host, _salt(index))
        return self._views[index]

    def _lines_at(self, at: float) -> list[str]:
        """The line of every row, as of the start of the current window. Computed once a window, for all seeds."""
        window = _window(at)
        if self._lines[0] != window:
            self._lines = (window, [_line(row, row.port, row.version, row.usage.at(window)) for row in self.rows])
        return self._lines[1]


def _neighbours(rows: Sequence[Row], seeds: int) -> list[int]:
    """The public pods: live pods with a public pRPC on their own host, after the hosts of the seeds."""
    public = (
        place
        for place, row in enumerate(rows)
        if place >= seeds and row.is_public and row.kind is Kind.LIVE and row.mesh is Mesh.MAIN and not row.turns
    )
    return list(islice(public, MAX_PUBLIC))


def _reachable(row: Row) -> bool:
    return row.salt % 100 < 100 * params.PUBLIC_REACHABLE_SHARE


def _window(at: float) -> int:
    return int(at // USED_WINDOW) * USED_WINDOW


def _salt(index: int) -> int:
    return scramble(index + 1)


def _line(row: Row, port: int, version: str, used: int) -> str:
    """A pod's JSON as pods encode it, with sorted keys and placeholders for the contact and the uptime.

    Both are filled in by `%`, which truncates fractions. The uptime of an unheard pod is not shown (`%.0s`).
    """
    if row.kind is Kind.UNHEARD:
        return (
            f'{{"address":"{row.host}:{port}","is_public":null,"last_seen_timestamp":%d,"pubkey":null,"rpc_port":null,'
            '"storage_committed":null,"storage_usage_percent":null,"storage_used":null,"uptime":null%.0s,'
            '"version":"unknown"}'
        )
    percent = orjson.dumps(used / row.committed * 100).decode()
    return (
        f'{{"address":"{row.host}:{port}","is_public":{"true" if row.is_public else "false"},'
        f'"last_seen_timestamp":%d,"pubkey":"{row.pubkey}","rpc_port":{RPC_PORT},"storage_committed":{row.committed},'
        f'"storage_usage_percent":{percent},"storage_used":{used},"uptime":%d,"version":"{version}"}}'
    )
