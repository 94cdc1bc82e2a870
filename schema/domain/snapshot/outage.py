"""Why there is no new data. An outage is never counted against nodes: a node that was not observed has not failed."""

from collections.abc import Sequence
from enum import StrEnum

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.failure import FailureCategory
from schema.domain.snapshot.freshness import DEGRADED_AFTER_INTERVALS

CLOCK_TOLERANCE_SECONDS = 60
MIN_SEEDS = 2  # one seed that does not answer says nothing about our own network

# A refused connection, or an answer of any kind, proves that the network path to a seed and back works.
_NO_WAY = frozenset({FailureCategory.TIMEOUT, FailureCategory.UNREACHABLE})


class OutageCause(StrEnum):
    """What prevents new snapshots.

    STORE: the database does not answer, or accepts no writes. WORKER: no worker reports cycles, or its cycles fail.
    UPLINK: none of several seeds can be reached, as when this machine has no network. SEEDS: seeds answer, but return
    no list. CLOCK: the newest snapshot is in the future by the local clock, or the worker's clock is ahead of its
    seeds' clocks.
    """

    STORE = "STORE"
    WORKER = "WORKER"
    UPLINK = "UPLINK"
    SEEDS = "SEEDS"
    CLOCK = "CLOCK"


class Outage(Record):
    """The cause, and a message for people."""

    cause: OutageCause
    message: str


def outage_of(
    now: float,
    interval: int,
    taken_at: UnixSeconds | None,
    *,
    store_answers: bool,
    store_fault: str | None,
    attempted_at: UnixSeconds | None,
    outcome: str,
    failures: Sequence[FailureCategory | None],
) -> Outage | None:
    """Why the newest snapshot is old at `now`. None if it is not old.

    `taken_at` is the time of that snapshot (None: there is none) and `interval` the polling interval in seconds.
    `store_fault` is why the store accepts no writes. The other arguments are the worker's last report: its time, its
    outcome, and each seed's failure.
    """
    patience = DEGRADED_AFTER_INTERVALS * interval
    if taken_at is not None and taken_at - now > max(interval, CLOCK_TOLERANCE_SECONDS):
        ahead = int(taken_at - now)
        message = f"The newest snapshot is {ahead} s ahead of the clock here: one of the two machines has a wrong clock"
        return Outage(cause=OutageCause.CLOCK, message=message)
    if taken_at is not None and now - taken_at < patience:
        return None
    if not store_answers:
        return Outage(cause=OutageCause.STORE, message="The store does not answer")
    if store_fault is not None:
        return Outage(cause=OutageCause.STORE, message=f"The store accepts no writes: {store_fault}")
    if attempted_at is None or now - attempted_at >= patience:
        return Outage(cause=OutageCause.WORKER, message="No worker has reported a cycle recently")
    if outcome == "no_seed_answered":
        return _of_seeds(failures)
    if outcome == "clock_ahead":
        message = "The worker's clock is ahead of that of most seeds: it commits nothing until the clock is correct"
        return Outage(cause=OutageCause.CLOCK, message=message)
    return Outage(cause=OutageCause.WORKER, message="The worker's cycles fail; see its log")


def _of_seeds(failures: Sequence[FailureCategory | None]) -> Outage:
    if len(failures) >= MIN_SEEDS and all(failure in _NO_WAY for failure in failures):
        message = f"None of the {len(failures)} seeds can be reached from the worker"
        return Outage(cause=OutageCause.UPLINK, message=message)
    return Outage(cause=OutageCause.SEEDS, message="No seed returns a list")
