"""The clocks of seeds, and which of their time stamps are usable contacts.

A time stamp uses the clock of the seed that lists it, so it can only be compared with that seed's own time.
"""

from collections.abc import Iterable, Sequence
from statistics import median_low

from schema.domain.base import DAY
from schema.domain.node.observation import SeedReply

CLOCK_TOLERANCE_SECONDS = 5
# A pod forgets a peer after an hour without contact. An older stamp is not a contact, and does not move `first_seen`.
MAX_CONTACT_AGE_SECONDS = DAY
# A worker whose clock is further ahead of most seeds commits nothing: its slots would hide those of a correct clock.
MAX_LEAD_SECONDS = 300
MIN_CLOCKS = 3


def clock_ahead(reply: SeedReply) -> int:
    """How many seconds a seed's clock is ahead of ours; negative if it is behind, 0 within the tolerance.

    The `date` of its answer gives the time. If there is none, the median of its time stamps does: all of them lie in
    the past, so they are in our future only if the seed's clock is ahead. This method does not detect a slow clock.
    """
    if reply.clock is not None:
        lead = round(reply.clock - reply.answered_at)
        return lead if abs(lead) > CLOCK_TOLERANCE_SECONDS else 0
    stamps = [row.last_seen for row in reply.observations or () if row.last_seen is not None]
    if not stamps:
        return 0
    lead = int(median_low(stamps) - reply.answered_at)
    return lead if lead > CLOCK_TOLERANCE_SECONDS else 0


def lead_over(replies: Sequence[SeedReply]) -> int | None:
    """How many seconds our clock is ahead of most seeds' clocks; negative if it is behind.

    None if fewer than `MIN_CLOCKS` seeds report a time, because one or two clocks may themselves be wrong.
    """
    leads = [round(reply.answered_at - reply.clock) for reply in replies if reply.clock is not None]
    return median_low(leads) if len(leads) >= MIN_CLOCKS else None


def contacts_of(stamps: Iterable[int | None], ahead: int, now: int) -> list[int | None]:
    """Convert contacts from the clock of a seed that is `ahead` to our clock. None for an unusable contact.

    A stamp later than the seed's own time proves nothing and must not keep a node alive forever: pods of release 1.3
    forward the stamps of a peer whose clock is ahead. A stamp older than any pod remembers proves nothing either.
    """
    oldest, latest = now - MAX_CONTACT_AGE_SECONDS + ahead, now + CLOCK_TOLERANCE_SECONDS + ahead
    return [min(stamp - ahead, now) if stamp is not None and oldest <= stamp <= latest else None for stamp in stamps]
