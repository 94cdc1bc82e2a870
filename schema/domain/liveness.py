"""Whether a node lives: its uptime moves.

A recent `last_seen` proves nothing: records of dead pods circulate for days with a frozen uptime and a time stamp that
is reset again and again. So each seed's word on the uptime of each address is compared with that seed's own word
before, never with another seed's. A rise is life; a fall is a restart, which is life too.
"""

from collections.abc import Mapping, Sequence

from schema.domain.memory import AddressMemory
from schema.domain.merge import Listing
from schema.domain.pnode import LivenessBasis, PNodeStatus

FRESH_GOSSIP_SECONDS = 120


def default_grace(interval: int) -> int:
    """How long a proof of life holds, in seconds, at this polling interval (seconds): three polls, two minutes at least."""
    return max(3 * interval, 120)


def observe(memory: AddressMemory | None, address: str, listings: Sequence[Listing], at: int) -> AddressMemory:
    """The memory of an address after this cycle's listings of it (not empty), at time `at` (unix seconds).

    At first sight nothing can be compared; a gossip age under two minutes counts as life then, dated back by the age.
    """
    before: Mapping[str, int] = memory.uptimes if memory else {}
    reported = {listing.seed: uptime for listing in listings if (uptime := listing.observation.uptime) is not None}
    compared = [(before[seed], uptime) for seed, uptime in reported.items() if seed in before]
    moved = any(old != new for old, new in compared)
    alive_at = at if moved else memory.alive_at if memory else None
    knows_uptime = any(reported.values()) or any(before.values())
    if memory is None or not knows_uptime:
        alive_at = max(filter(None, (alive_at, _fresh_contact(listings, at))), default=None)
    return AddressMemory(
        address=address,
        first_listed=memory.first_listed if memory else at,
        last_listed=at,
        alive_at=alive_at,
        uptimes={**before, **reported},
        moved=moved or (memory is not None and memory.moved),
        frozen=not moved and (bool(compared) or (memory is not None and memory.frozen)),
    )


def judge(memory: AddressMemory, at: int, grace: int) -> tuple[PNodeStatus, LivenessBasis]:
    """The status of an address that is listed at `at`, and what it rests on; `grace` in seconds."""
    alive = memory.alive_at is not None and at - memory.alive_at <= grace
    if not any(memory.uptimes.values()):
        # Seeds before 0.7 know no uptime, and some 1.2 pods show 0 from 0.8: the gossip age is all there is. The grace
        # does not lengthen it: a contact proves less than an uptime, and such nodes meet too seldom for it to help.
        fresh = memory.alive_at is not None and at - memory.alive_at < FRESH_GOSSIP_SECONDS
        return (PNodeStatus.ONLINE if fresh else PNodeStatus.UNKNOWN), LivenessBasis.GOSSIP_AGE
    if alive:
        return PNodeStatus.ONLINE, LivenessBasis.UPTIME if memory.moved else LivenessBasis.FIRST_SIGHT
    if memory.frozen and at - memory.first_listed > 0:
        return PNodeStatus.GHOST, LivenessBasis.UPTIME
    return PNodeStatus.UNKNOWN, LivenessBasis.NONE


def _fresh_contact(listings: Sequence[Listing], at: int) -> int | None:
    """The newest contact that any seed reports, if it is under two minutes old."""
    newest = max((seen for listing in listings if (seen := listing.last_seen) is not None), default=None)
    return newest if newest is not None and at - newest < FRESH_GOSSIP_SECONDS else None
