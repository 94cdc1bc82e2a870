"""The clocks of seeds, and which of their time stamps are contacts.

A stamp is by the clock of the seed that lists it, and can only be compared with that seed's own now.
"""

from collections.abc import Iterable, Sequence
from statistics import median_low

from schema.domain.base import DAY
from schema.domain.node.observation import SeedReply

CLOCK_TOLERANCE_SECONDS = 5
# A pod forgets whom it has not heard of for an hour: an older contact is no contact, and moves no first sight.
MAX_CONTACT_AGE_SECONDS = DAY
# A worker whose clock is further ahead of most seeds commits nothing: its slots would hide those of the right clock.
MAX_LEAD_SECONDS = 300
MIN_CLOCKS = 3


def clock_ahead(reply: SeedReply) -> int:
    """How many seconds a seed's clock is ahead of ours, negative where it is behind; 0 within the tolerance.

    The `date` of its answer says it. An answer without one is measured by the median of its time stamps: all of them are
    about the past, so that they cannot lie in our future unless the clock does. That way a slow clock does not show.
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
    """How many seconds our clock is ahead of that of most seeds, negative where it is behind.

    None where fewer than `MIN_CLOCKS` say what time it is: one or two of them may be wrong themselves.
    """
    leads = [round(reply.answered_at - reply.clock) for reply in replies if reply.clock is not None]
    return median_low(leads) if len(leads) >= MIN_CLOCKS else None


def contacts_of(stamps: Iterable[int | None], ahead: int, now: int) -> list[int | None]:
    """The times of contacts by our clock, from stamps by the clock of a seed that is `ahead`; None for no contact.

    A stamp beyond the seed's own now proves nothing, and must not keep a node alive for ever: pods of 1.3 pass on the
    stamps of a peer whose clock is ahead. One that is older than any pod remembers proves nothing either.
    """
    oldest, latest = now - MAX_CONTACT_AGE_SECONDS + ahead, now + CLOCK_TOLERANCE_SECONDS + ahead
    return [min(stamp - ahead, now) if stamp is not None and oldest <= stamp <= latest else None for stamp in stamps]
