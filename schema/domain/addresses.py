"""The addresses of a node: which one is its address now, and which ones it had."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.liveness import judge, observe
from schema.domain.memory import AddressMemory
from schema.domain.merge import Listing
from schema.domain.observation import host_of
from schema.domain.pnode import AddressChange, AddressSighting, LivenessBasis, PNodeStatus

MAX_PREVIOUS_ADDRESSES = 100
# Behind NAT a node can take a new port every half hour; a ghost must find its old uptime here when it is listed again.
MAX_REMEMBERED_ADDRESSES = 64
REMEMBER_SECONDS = 7 * DAY

_PREFERENCE = {PNodeStatus.ONLINE: 3, PNodeStatus.UNKNOWN: 2, PNodeStatus.GHOST: 1, PNodeStatus.OFFLINE: 0}


class ListedAddress(NamedTuple):
    """An address that is listed in this cycle: its memory after it, its rows (freshest first), and its verdict."""

    memory: AddressMemory
    listings: tuple[Listing, ...]
    status: PNodeStatus
    basis: LivenessBasis

    @property
    def last_seen(self) -> int | None:
        """The newest contact that any seed reports, unix seconds."""
        return max((seen for row in self.listings if (seen := row.last_seen) is not None), default=None)

    @property
    def uptime(self) -> int | None:
        """The uptime in the freshest row that has one, seconds."""
        return next((u for row in self.listings if (u := row.observation.uptime) is not None), None)


def listed_addresses(
    remembered: Iterable[AddressMemory], listings: Sequence[Listing], at: int, grace: int
) -> list[ListedAddress]:
    """The addresses of one node that are listed now, best first: living before dead, newest contact before older.

    An address at first sight, alive by its contact alone, comes after one whose uptime has moved since: relayed records
    of a node show up under other addresses for a poll, and go again. Of one key on two living hosts the one known longer speaks, so that the node's figures do not jump from one machine
    to the other with each poll, and a stranger who copies a key does not take its place.
    """
    before = {memory.address: memory for memory in remembered}
    rows: dict[str, list[Listing]] = {}
    for listing in listings:
        rows.setdefault(listing.observation.address, []).append(listing)
    listed: list[ListedAddress] = []
    for address, of_address in rows.items():
        memory = observe(before.get(address), address, of_address, at)
        listed.append(ListedAddress(memory, tuple(of_address), *judge(memory, at, grace)))
    if len(listed) > 1:
        newest = max((each.memory.first_listed for each in listed if each.status is PNodeStatus.ONLINE), default=0)
        listed.sort(key=lambda each: _preference(each, newest), reverse=True)
        if lives_twice(listed):
            listed.sort(key=_seniority)
    return listed


def sightings(listed: Sequence[ListedAddress]) -> tuple[AddressSighting, ...]:
    """What is published of the listed addresses, best first."""
    return tuple(
        AddressSighting(
            address=each.memory.address,
            status=each.status,
            last_seen=each.last_seen,
            uptime=each.uptime,
            witness_count=len({row.seed for row in each.listings}),
        )
        for each in listed
    )


def lives_twice(listed: Sequence[ListedAddress]) -> bool:
    """Whether one key lives on two hosts at once: both showed life after the later of the two was first listed.

    A node that moved shows life at its old address only before it appears at the new one.
    """
    alive = [each for each in listed if each.status is PNodeStatus.ONLINE and each.memory.alive_at is not None]
    if len({host_of(each.memory.address) for each in alive}) <= 1:
        return False
    latest = max(each.memory.first_listed for each in alive)
    hosts = {host_of(each.memory.address) for each in alive if (each.memory.alive_at or 0) > latest}
    return len(hosts) > 1


def remember(
    remembered: Sequence[AddressMemory], listed: Sequence[ListedAddress], at: int
) -> tuple[AddressMemory, ...]:
    """The addresses to carry to the next cycle, newest first, bounded in number and age."""
    if len(listed) == 1 and len(remembered) <= 1 and all(m.address == listed[0].memory.address for m in remembered):
        return (listed[0].memory,)
    merged = {memory.address: memory for memory in remembered if at - memory.last_listed <= REMEMBER_SECONDS}
    merged.update((each.memory.address, each.memory) for each in listed)
    newest_first = sorted(merged.values(), key=lambda m: (-m.last_listed, m.address))
    return tuple(newest_first[:MAX_REMEMBERED_ADDRESSES])


def previous_addresses(
    known: Sequence[AddressChange], remembered: Sequence[AddressMemory], current: str
) -> tuple[AddressChange, ...]:
    """Every address but the current one, newest first, at most 100."""
    if not known and all(memory.address == current for memory in remembered):
        return ()
    until = {change.address: change.until for change in known}
    until.update((memory.address, memory.last_listed) for memory in remembered)
    until.pop(current, None)
    newest_first = sorted(until.items(), key=lambda item: (-item[1], item[0]))
    return tuple(AddressChange(address=a, until=u) for a, u in newest_first[:MAX_PREVIOUS_ADDRESSES])


def _preference(listed: ListedAddress, newest: int) -> tuple[int, bool, int, int, str]:
    """`newest` is when the last of the node's living addresses was first listed."""
    memory, preference = listed.memory, _PREFERENCE[listed.status]
    if listed.status is PNodeStatus.GHOST:
        # The contacts of dead records are reset again and again, each at another time: they would take turns for ever.
        return (preference, False, memory.alive_at or -1, memory.first_listed, memory.address)
    proven = memory.moved and memory.alive_at is not None and memory.alive_at >= newest
    return (preference, proven, listed.last_seen or -1, memory.alive_at or -1, memory.address)


def _seniority(listed: ListedAddress) -> tuple[int, int, str]:
    return (-_PREFERENCE[listed.status], listed.memory.first_listed, listed.memory.address)
