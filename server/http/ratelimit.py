"""The rate limit: cost per minute and address, in a bucket that refills steadily."""

import time
from collections.abc import Callable
from math import inf

from schema.bounded import BoundedMap

REMEMBERED_ADDRESSES = 10_000
MINUTE = 60.0


class RateLimit:
    """`per_minute` units of cost for each address; None allows all. Forgets the address that was idle longest."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left = BoundedMap[str, tuple[float, float]](
            max_entries=REMEMBERED_ADDRESSES, max_size=REMEMBERED_ADDRESSES, at_once=True
        )

    @property
    def is_off(self) -> bool:
        return self._per_minute is None

    def charge(self, address: str, cost: int) -> int | None:
        """Charge the cost to the address. Otherwise returns the seconds after which that will be possible."""
        if self._per_minute is None:
            return None
        left = self._left_of(address)
        # A full bucket admits an operation that costs more than it holds; otherwise it could never run.
        wanted = min(cost, self._per_minute)
        if left < wanted:
            return self._seconds(wanted - left)
        self._keep(address, left - wanted)
        return None

    def spend(self, address: str, cost: int) -> None:
        """Charge the cost of work that is already done. The debt of an address is at most the allowance of a minute."""
        if self._per_minute is not None:
            self._keep(address, max(-float(self._per_minute), self._left_of(address) - cost))

    def wait(self, address: str) -> int | None:
        """The seconds after which an address without allowance may send requests again. None if it may now."""
        if self._per_minute is None:
            return None
        left = self._left_of(address)
        return self._seconds(1 - left) if left <= 0 else None

    def _left_of(self, address: str) -> float:
        if self._per_minute is None:
            return inf
        left, since = self._left.get(address) or (float(self._per_minute), 0.0)
        return min(float(self._per_minute), left + (self._clock() - since) * self._per_minute / MINUTE)

    def _keep(self, address: str, left: float) -> None:
        self._left.put(address, (left, self._clock()), 1)

    def _seconds(self, missing: float) -> int:
        return max(1, round(missing * MINUTE / (self._per_minute or 1)))
