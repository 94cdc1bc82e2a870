"""The registry of jobs that run beside the cycles: each once in its period, bounded, and safe to run again.

To add one: write a coroutine function in a module of its own that takes what it works on as arguments, and append a
`PeriodicJob` where the worker builds its list.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from jobs.schedule import Period


class PeriodicJob(NamedTuple):
    """`run` once in every `seconds`, aligned to UTC, for at most `timeout_seconds`.

    `name` is its name in the queue and in logs. A run that fails or is cut off is logged; the next period tries again.
    """

    name: str
    seconds: int
    timeout_seconds: float
    run: Callable[[], Awaitable[object]]

    @property
    def period(self) -> Period:
        return Period(self.name, self.seconds)
