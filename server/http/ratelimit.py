"""How much a client may ask for: cost per minute and address, in a bucket that refills steadily."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import inf

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
        left = self._left_of(address)
        # A full bucket admits what costs more than it holds, or such an operation could never run.
        wanted = min(cost, self._per_minute)
        if left < wanted:
            return self._seconds(wanted - left)
        self._keep(address, left - wanted)
        return None

    def spend(self, address: str, cost: int) -> None:
        """Take the cost of what has been done already. An address can owe as much as it may ask for in a minute."""
        if self._per_minute is not None:
            self._keep(address, max(-float(self._per_minute), self._left_of(address) - cost))

    def wait(self, address: str) -> int | None:
        """The seconds after which an address that has nothing left may ask again; None where it may now."""
        if self._per_minute is None:
            return None
        left = self._left_of(address)
        return self._seconds(1 - left) if left <= 0 else None

    def _left_of(self, address: str) -> float:
        if self._per_minute is None:
            return inf
        left, since = self._left.get(address, (float(self._per_minute), 0.0))
        return min(float(self._per_minute), left + (self._clock() - since) * self._per_minute / MINUTE)

    def _keep(self, address: str, left: float) -> None:
        self._left[address] = (left, self._clock())
        self._left.move_to_end(address)
        if len(self._left) > REMEMBERED_ADDRESSES:
            self._left.popitem(last=False)

    def _seconds(self, missing: float) -> int:
        return max(1, round(missing * MINUTE / (self._per_minute or 1)))
