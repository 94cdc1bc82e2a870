"""How much a client may ask for: cost per minute and address, in a bucket that refills steadily."""

import time
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED_ADDRESSES = 10_000
MINUTE = 60.0


class RateLimit:
    """`per_minute` units of cost for each address; None admits everything. Forgets who has been quiet the longest."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def charge(self, address: str, cost: int) -> int | None:
        """Take the cost from what the address has left; else the seconds after which that will be possible."""
        if self._per_minute is None:
            return None
        now = self._clock()
        left, since = self._left.pop(address, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - since) * self._per_minute / MINUTE)
        # A full bucket admits what costs more than it holds, or such an operation could never run.
        wanted = min(cost, self._per_minute)
        granted = left >= wanted
        self._left[address] = (left - wanted if granted else left, now)
        if len(self._left) > REMEMBERED_ADDRESSES:
            self._left.popitem(last=False)
        return None if granted else max(1, round((wanted - left) * MINUTE / self._per_minute))
