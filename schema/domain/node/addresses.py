"""The addresses of a node: which one is published, and which ones it had before."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.lean import unchecked
from schema.domain.node.clocks import CLOCK_TOLERANCE_SECONDS
from schema.domain.node.liveness import FRESH_GOSSIP_SECONDS, judge, observe
from schema.domain.node.memory import AddressMemory
from schema.domain.node.observation import NO_ADDRESS, Listing
from schema.domain.node.pnode import AddressChange, AddressSighting, LivenessBasis, PNodeStatus
from schema.domain.node.process import (
    ONE_PROCESS_SECONDS,
    RESTART_SLACK_SECONDS,
    Process,
    process_of,
    remembered_process,
)
from schema.domain.node.reach import Reach, reach_of
from schema.domain.node.said import Place

MAX_PREVIOUS_ADDRESSES = 100
# Behind NAT a node can change its port every half hour. The memory must still have a ghost's old uptime when it is
# listed again.
MAX_REMEMBERED_ADDRESSES = 64
REMEMBER_SECONDS = 7 * DAY

_sighting = unchecked(AddressSighting)
_PREFERENCE = {PNodeStatus.ONLINE: 3, PNodeStatus.UNKNOWN: 2, PNodeStatus.GHOST: 1, PNodeStatus.OFFLINE: 0}


class ListedAddress(NamedTuple):
    """An address listed in this cycle: its updated memory, its rows (freshest first), and its liveness.

    `process` is the process that runs there, None if no seed knows an uptime. `moving` are the seeds whose uptime of it
    advances.
    """

    memory: AddressMemory
    listings: tuple[Listing, ...]
    status: PNodeStatus
    basis: LivenessBasis
    process: Process | None = None
    moving: frozenset[str] = frozenset()

    @property
    def last_seen(self) -> int | None:
        """The newest contact that any seed reports, unix seconds."""
        return max((seen for row in self.listings if (seen := row.last_seen) is not None), default=None)

    def contact(self, quorum: int) -> int | None:
        """The newest contact that enough seeds report, or that all report if there are fewer."""
        seen = sorted((row.last_seen for row in self.listings if row.last_seen is not None), reverse=True)
        return seen[min(quorum, len(seen)) - 1] if seen else None

    @property
    def uptime(self) -> int | None:
        """The uptime of the process, in seconds."""
        return None if self.process is None else self.process.uptime

    @property
    def reach(self) -> Reach:
        """The reach of the address from our point of view, which is that of the closest seed."""
        reach = reach_of(self.memory.address)
        return Reach.GLOBAL if reach is not Reach.NONE and any(not row.relative for row in self.listings) else reach


def listed_addresses(
    remembered: Iterable[AddressMemory],
    places: Mapping[str, Place],
    at: int,
    grace: int,
    *,
    quorum: int = 1,
    current: str | None = None,
) -> list[ListedAddress]:
    """Sort the addresses of one node that are listed now, best first: live before dead, then by reach, then by newest
    contact.

    `quorum` seeds are needed to prove that an address is live. Addresses that enough seeds list come before addresses
    that a single seed lists. `current` is the previously published address. It stays published while it is live, unless
    its contacts are old compared with those of another address.

    An address that is new, and live only because of its contact, comes after one whose uptime has advanced. Relayed
    records of a node appear at other addresses for one poll and disappear again. If two live processes use one key, the
    one known longer is published. The node's figures then do not alternate between two machines, and somebody who
    copies a key does not replace its owner.
    """
    before = {memory.address: memory for memory in remembered}
    listed = [_listed(before.get(address), place.listings, at, grace, quorum) for address, place in places.items()]
    if len(listed) > 1:
        newest = max((each.memory.first_listed for each in listed if each.status is PNodeStatus.ONLINE), default=0)
        listed.sort(key=lambda each: _preference(each, newest, quorum), reverse=True)
        if lives_twice(listed, quorum):
            listed.sort(key=lambda each: _seniority(each, quorum))
        elif current is not None and current != listed[0].memory.address:
            _keep_current(listed, current, newest, quorum)
    return listed


def lived_at(listed: Sequence[ListedAddress], quorum: int = 1) -> int | None:
    """The last proof that the node is alive, from the addresses that enough seeds list."""
    if len(listed) == 1:
        return listed[0].memory.alive_at
    enough = max((_backed(each, quorum) for each in listed), default=0)
    return max((each.memory.alive_at or 0 for each in listed if _backed(each, quorum) >= enough), default=0) or None


def _listed(memory: AddressMemory | None, rows: Sequence[Listing], at: int, grace: int, quorum: int) -> ListedAddress:
    address = rows[0].observation.address
    if memory is not None and memory.future:
        rows = [_without_future(row, memory.future) for row in rows]
    after = observe(memory, address, rows, at, grace=grace, quorum=quorum)
    status, basis = judge(after, at, grace)
    if status is PNodeStatus.ONLINE and all(row.relative and row.observation.pubkey is None for row in rows):
        # Without a key, an address that is relative to its seed identifies nothing that another seed could know.
        status, basis = PNodeStatus.UNKNOWN, LivenessBasis.NONE
    return ListedAddress(after, tuple(rows), status, basis, *process_of(after, rows, at, grace, quorum))


def _without_future(row: Listing, future: Sequence[int]) -> Listing:
    """The row without its contact, if that contact lay in the future when it was first listed."""
    seen = row.last_seen
    if seen is None or all(abs(seen - stamp) > CLOCK_TOLERANCE_SECONDS for stamp in future):
        return row
    return row._replace(last_seen=None)


def recent_addresses(
    remembered: Sequence[AddressMemory], listed: Sequence[ListedAddress], at: int, grace: int
) -> list[ListedAddress]:
    """The addresses that are not listed now but were listed within the grace. They have no rows here.

    A seed keeps one record per IP address, so two pods behind one address alternate in its list.
    """
    now = {each.memory.address for each in listed}
    if all(memory.address in now for memory in remembered):
        return []
    return [
        ListedAddress(memory, (), *judge(memory, at, grace), remembered_process(memory), frozenset(memory.uptimes))
        for memory in remembered
        if at - memory.last_listed <= grace and memory.address not in now
    ]


def goes_on_unlisted(current: str | None, listed: Sequence[ListedAddress], recent: Iterable[ListedAddress]) -> bool:
    """Whether the previously published address is still live although another address is listed instead.

    It is, if the other address belongs to another process that already ran while the first one was live. If it is the
    same process, or one that started later, the node has moved.
    """
    speaker = next((each for each in recent if each.memory.address == current), None)
    if speaker is None or speaker.status is not PNodeStatus.ONLINE or not listed:
        return False
    other = listed[0].process
    return speaker.process is not None and other is not None and _at_once(speaker.process, other)


def sightings(listed: Sequence[ListedAddress], quorum: int = 1) -> tuple[AddressSighting, ...]:
    """The listed addresses as published, best first."""
    enough = max((_backed(each, quorum) for each in listed), default=0) if len(listed) > 1 else 0
    return tuple(
        _sighting(
            address=each.memory.address,
            status=each.status,
            last_seen=each.last_seen,
            uptime=each.uptime,
            witness_count=len({row.seed for row in each.listings}),
            supported=not enough or _backed(each, quorum) >= enough,
        )
        for each in listed
        if each.memory.address != NO_ADDRESS
    )


def lives_twice(listed: Sequence[ListedAddress], quorum: int = 1) -> bool:
    """Whether one key runs two processes at once.

    This is the case if two addresses are live, both were seen live after the later of them was first listed, their
    processes started at different times, and the later process started while the earlier one was live. A process seen
    through two routes has the same start at both addresses. A node that moved is last seen live at its old address
    before it appears at the new one, or its new process starts after the old one ended. If several seeds are needed, a
    single seed's report that contradicts them is no conflict.
    """
    if len(listed) <= 1:
        return False
    alive = [each for each in listed if each.status is PNodeStatus.ONLINE and each.memory.moved and each.process]
    if len(alive) <= 1:
        return False
    latest = max(each.memory.first_listed for each in alive)
    alive = [each for each in alive if (each.memory.alive_at or 0) > latest]
    if quorum > 1 and any(len(each.moving) > 1 for each in alive):
        alive = [each for each in alive if len(each.moving) > 1]
    processes = [each.process for each in alive if each.process]
    return any(_at_once(one, other) for one, other in combinations(processes, 2))


def _at_once(one: Process, other: Process) -> bool:
    """Whether these are two processes, and the later one started while the earlier one was live."""
    earlier, later = sorted((one, other), key=lambda process: process.started)
    apart = later.earliest - earlier.started > ONE_PROCESS_SECONDS
    return apart and later.started < earlier.proven - RESTART_SLACK_SECONDS


def remember(
    remembered: Sequence[AddressMemory], listed: Sequence[ListedAddress], at: int
) -> tuple[AddressMemory, ...]:
    """The addresses to keep for the next cycle, newest first, bounded in number and age."""
    if len(listed) == 1 and len(remembered) <= 1 and all(m.address == listed[0].memory.address for m in remembered):
        return (listed[0].memory,)
    merged = {memory.address: memory for memory in remembered if at - memory.last_listed <= REMEMBER_SECONDS}
    merged.update((each.memory.address, each.memory) for each in listed)
    newest_first = sorted(merged.values(), key=lambda m: (-m.last_listed, m.address))
    return tuple(newest_first[:MAX_REMEMBERED_ADDRESSES])


def previous_addresses(
    known: Sequence[AddressChange], remembered: Sequence[AddressMemory], current: str
) -> tuple[AddressChange, ...]:
    """All addresses except the current one, newest first, at most 100."""
    if not known and all(memory.address == current for memory in remembered):
        return ()
    until = {change.address: change.until for change in known}
    until.update((memory.address, memory.last_listed) for memory in remembered)
    until.pop(current, None)
    until.pop(NO_ADDRESS, None)
    newest_first = sorted(until.items(), key=lambda item: (-item[1], item[0]))
    return tuple(AddressChange(address=a, until=u) for a, u in newest_first[:MAX_PREVIOUS_ADDRESSES])


def _preference(listed: ListedAddress, newest: int, quorum: int) -> tuple[int, int, bool, int, int, int, str]:
    """`newest` is when the node's most recently added live address was first listed."""
    memory, preference, backed = listed.memory, _PREFERENCE[listed.status], _backed(listed, quorum)
    if listed.status is PNodeStatus.GHOST:
        # The contacts of dead records are reset repeatedly, each at another time, so their addresses would alternate
        # forever.
        return (backed, preference, False, -listed.reach, memory.alive_at or -1, memory.first_listed, memory.address)
    proven = _proven(listed, newest)
    return (backed, preference, proven, -listed.reach, listed.last_seen or -1, memory.alive_at or -1, memory.address)


def _proven(listed: ListedAddress, newest: int) -> bool:
    memory = listed.memory
    if not memory.moved or memory.alive_at is None:
        return False
    return memory.alive_at >= newest or any(seed not in memory.quiet for seed in listed.moving)


def _backed(listed: ListedAddress, quorum: int) -> int:
    """How many seeds list the address, up to the number that is needed."""
    return min(quorum, len({row.seed for row in listed.listings})) if quorum > 1 else 0


def _keep_current(listed: list[ListedAddress], current: str, newest: int, quorum: int) -> None:
    """Move the previously published address to the front, if only its contact places it behind the first one."""
    first = listed[0]
    for place, each in enumerate(listed):
        if each.memory.address == current:
            equal = _preference(each, newest, quorum)[:4] == _preference(first, newest, quorum)[:4]
            old = (first.last_seen or 0) - (each.last_seen or 0) > FRESH_GOSSIP_SECONDS
            if each.status is PNodeStatus.ONLINE and _proven(each, newest) and equal and not old:
                listed.insert(0, listed.pop(place))
            return


def _seniority(listed: ListedAddress, quorum: int) -> tuple[int, int, int, int, str]:
    memory = listed.memory
    return (-_backed(listed, quorum), -_PREFERENCE[listed.status], listed.reach, memory.first_listed, memory.address)
