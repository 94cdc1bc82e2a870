"""The population of a simulated network: every list entry, with everything that does not depend on time.

Versions, sizes, usage, uptimes, ages and ghosts are drawn from measured figures (`params`). Two things are not
measured, and are added so that a demonstration shows every feature: one node in a hundred restarts within the hour, and
pairs of nodes behind one address alternate in the lists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jobs.simulate import params
from jobs.simulate.draws import Draws
from jobs.simulate.identity import GOSSIP_PORT, MALFORMED_KEY, private_host, pubkey, public_host
from jobs.simulate.roles import PARTS, Mesh, Role
from jobs.simulate.row import Kind, Row, Usage
from schema.domain.base import HOUR, MINUTE

MIN_NODES = 30  # nine seeds, and room for one of each oddity
MAX_NODES = 250_000
ISLAND_SHARE = 0.03  # small, so that no island determines the network's latest release
ISLAND_GHOST_CHANCE = 0.2
PAIR_SHARE = 0.007
RESTLESS_SHARE = 0.01
TRICKLE_STEPS = 10
LARGE = 10**9  # bytes: people entered larger sizes, in whole gigabytes

VERSIONS = {
    Mesh.MAIN: params.LIVE_VERSIONS,
    Mesh.OLD: params.OLD_VERSIONS,
    Mesh.V12: params.V12_VERSIONS,
    Mesh.V13: params.V13_VERSIONS,
}
OLDER = {"0.8.0": "0.7.3", "0.7.3": "0.7.1", "0.6.0": "0.5.1", "1.2.1": "1.2.0", "1.3.2": "1.3.1"}


def check_nodes(nodes: int) -> None:
    """Raises ValueError if there are too few entries for the seeds and one of each oddity, or too many to serve."""
    if not MIN_NODES <= nodes <= MAX_NODES:
        raise ValueError(f"nodes={nodes}: expected {MIN_NODES} to {MAX_NODES} list entries")


def cast(nodes: int, seed: int, roles: Sequence[Role]) -> tuple[Row, ...]:
    """The rows of a network: `nodes` entries, starting with those of the seeds in their order.

    Raises ValueError if there are too few entries for the seeds and one of each oddity, or too many to serve.
    """
    check_nodes(nodes)
    if not roles or PARTS[roles[0]].mesh is not Mesh.MAIN:
        raise ValueError(f"roles={[*map(str, roles)]}: expected at least one seed, the first in the main mesh")
    casting = _Casting(nodes, seed)
    seeds = [casting.seed_row(role) for role in roles]
    odd = [*casting.islanders(roles), *casting.unheard(), *casting.malformed(), *casting.odd_ones()]
    ghosts = casting.some(params.GHOST_SHARE) - casting.some(params.MALFORMED_SHARE)
    plain = nodes - len(seeds) - len(odd) - ghosts - casting.some(params.TWICE_LIVE_SHARE)
    if plain < 1:
        raise ValueError(f"nodes={nodes}: too few for {len(roles)} seeds and one of each oddity")
    live = [casting.live() for _ in range(plain)]
    others = [*odd, *live, *casting.twice_live(live), *casting.ghosts(ghosts, live)]
    return (*seeds, *sorted(others, key=lambda row: row.salt))


class _Casting:
    """Creates rows, each from draws of its own number. Numbers increase in the order of the calls."""

    def __init__(self, nodes: int, seed: int) -> None:
        self._nodes, self._seed = nodes, seed
        self._number = self._privates = -1

    def some(self, share: float) -> int:
        """The number of rows for this share of the network; at least one."""
        return max(1, round(self._nodes * share))

    def live(self, mesh: Mesh = Mesh.MAIN) -> Row:
        """A live pod at a public address."""
        number, draws = self._next()
        version = draws.pick(VERSIONS[mesh])
        committed = _committed(draws)
        life = round(2 * params.quantile(params.LIVE_UPTIME, draws.unit()))
        return Row(
            salt=draws.word(),
            mesh=mesh,
            kind=Kind.LIVE,
            host=public_host(self._seed, number),
            port=GOSSIP_PORT,
            pubkey=pubkey(self._seed, number),
            version=version,
            older_version=OLDER.get(version, version),
            is_public=draws.chance(params.LIVE_PUBLIC_CHANCE),
            committed=committed,
            usage=_trickle(draws, committed),
            life=life,
            phase=draws.below(life),
        )

    def ghost(self, mesh: Mesh = Mesh.MAIN) -> Row:
        """A dead pod's record, at a public address, with its own key."""
        number, draws = self._next()
        version = draws.pick(params.GHOST_VERSIONS if mesh is Mesh.MAIN else VERSIONS[mesh])
        committed = int(params.quantile(params.GHOST_COMMITTED, draws.unit()))
        return Row(
            salt=draws.word(),
            mesh=mesh,
            kind=Kind.GHOST,
            host=public_host(self._seed, number),
            port=_odd_port(draws) if draws.chance(params.GHOST_ODD_PORT_CHANCE) else GOSSIP_PORT,
            pubkey=pubkey(self._seed, number),
            version=version,
            older_version=version,
            is_public=draws.chance(params.GHOST_PUBLIC_CHANCE),
            committed=committed,
            usage=Usage(min(committed, int(params.quantile(params.GHOST_USED, draws.unit())))),
            uptime=int(params.quantile(params.GHOST_UPTIME, draws.unit())),
        )

    def seed_row(self, role: Role) -> Row:
        """The seed's own row, for the lists of the others."""
        part = PARTS[role]
        return replace(
            self.live(part.mesh),
            version=part.version,
            older_version=part.version,
            is_public=role is not Role.REFUSING,
        )

    def islanders(self, roles: Sequence[Role]) -> Iterator[Row]:
        """The rows of every mesh, other than the main one, that a seed belongs to."""
        for mesh in dict.fromkeys(PARTS[role].mesh for role in roles):
            for _ in range(self.some(ISLAND_SHARE) if mesh is not Mesh.MAIN else 0):
                dead = self._next()[1].chance(ISLAND_GHOST_CHANCE)
                yield self.ghost(mesh) if dead else self.live(mesh)

    def unheard(self) -> Iterator[Row]:
        """Entry points that never answered."""
        for _ in range(self.some(params.NULL_SHARE)):
            yield replace(self.ghost(), kind=Kind.UNHEARD, port=GOSSIP_PORT, pubkey=None)

    def malformed(self) -> Iterator[Row]:
        """Test records that somebody left in the network: an invalid key at an invalid address."""
        for _ in range(self.some(params.MALFORMED_SHARE)):
            yield replace(self.ghost(), pubkey=MALFORMED_KEY, version="1.0.0", host=self._private_host())

    def odd_ones(self) -> Iterator[Row]:
        """Live pods with an oddity: address, port, restarts, or a neighbour behind the same address."""
        for _ in range(self.some(params.PRIVATE_SHARE)):
            yield replace(self.live(), host=self._private_host())
        for index in range(self.some(params.NAT_SHARE)):
            yield replace(self.live(), nat_period=params.NAT_PERIODS[index % len(params.NAT_PERIODS)])
        for _ in range(self.some(params.ODD_PORT_SHARE)):
            yield replace(self.live(), port=_odd_port(self._next()[1]))
        for _ in range(self.some(RESTLESS_SHARE)):
            yield replace(self.live(), life=10 * MINUTE + self._next()[1].below(HOUR - 10 * MINUTE))
        for _ in range(self.some(PAIR_SHARE)):
            first, second = self.live(), self.live()
            yield replace(first, turns=first.salt, turn=0)
            yield replace(second, turns=first.salt, turn=1, host=first.host, port=_odd_port(self._next()[1]))

    def twice_live(self, live: Sequence[Row]) -> Iterator[Row]:
        """A second pod with the key of a pod that is live elsewhere."""
        for index in range(self.some(params.TWICE_LIVE_SHARE)):
            yield replace(self.live(), pubkey=live[-1 - index % len(live)].pubkey)

    def ghosts(self, count: int, live: Sequence[Row]) -> Iterator[Row]:
        """Dead records, in the measured mixture of keys (see `params.GHOST_CYCLE`)."""
        hidden = self.some(params.PRIVATE_SHARE)
        for index in range(count):
            ghost = replace(self.ghost(), pubkey=self._ghost_key(index, live))
            yield replace(ghost, host=self._private_host()) if index < hidden else ghost

    def _ghost_key(self, index: int, live: Sequence[Row]) -> str | None:
        block, place = divmod(index, params.GHOST_CYCLE)
        place = place * 23 % params.GHOST_CYCLE  # coprime: a small network gets some of each too
        if place < params.GHOSTS_OF_A_MOVER:
            return live[block % len(live)].pubkey
        place -= params.GHOSTS_OF_A_MOVER
        if place < params.GHOSTS_OF_A_DEAD_KEY:
            return pubkey(self._seed, -1 - block)
        place -= params.GHOSTS_OF_A_DEAD_KEY
        if place < params.GHOSTS_MOVED_ONCE:
            return live[(len(live) // 2 + block * params.GHOSTS_MOVED_ONCE + place) % len(live)].pubkey
        return pubkey(self._seed, self._number)

    def _next(self) -> tuple[int, Draws]:
        self._number += 1
        return self._number, Draws("row", self._seed, self._number)

    def _private_host(self) -> str:
        self._privates += 1
        return private_host(self._privates)


def _committed(draws: Draws) -> int:
    rank, (first, last) = draws.unit(), params.ROUND_COMMITTED_RANKS
    if first <= rank < last:
        return params.ROUND_COMMITTED
    size = params.quantile(params.LIVE_COMMITTED, rank)
    return round(size / LARGE) * LARGE if size >= 10 * LARGE else int(size)


def _trickle(draws: Draws, committed: int) -> Usage:
    low = min(committed, int(params.quantile(params.LIVE_USED, draws.unit())))
    if not low:
        return Usage(0)
    period = params.USED_STEP_SECONDS * TRICKLE_STEPS
    return Usage(low, params.USED_STEP * TRICKLE_STEPS, period, draws.unit(), TRICKLE_STEPS)


def _odd_port(draws: Draws) -> int:
    return 10_000 + draws.below(50_000)
