"""The memory of each node that a cycle passes to the next one. It is stored with its snapshot."""

from collections.abc import Mapping

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.node.estimate import Standing
from schema.domain.node.pnode import AddressChange, VersionChange
from schema.domain.node.watch import Watch


class AddressMemory(Record):
    """One address of a node: the uptime that each seed reports for its process, and the last proof of life.

    `alive_at` is None until the uptime advances, or the address is first seen with a fresh gossip age. `moved` tells
    whether an uptime ever advanced, `frozen` whether a seed has repeated its value since.

    `uptimes` maps each seed to the greatest uptime (seconds) that it reported for the current process. For a seed in
    `quiet`, the value last advanced at the time given there; for any other seed, when the address was last listed. At
    first sight it is the time of the contact. `below` has the newest value of each seed that reports an older, smaller
    uptime. `superseded` are values that were frozen before they were replaced. `future` are time stamps that lay in the
    future when they were listed.
    """

    address: str
    first_listed: UnixSeconds
    last_listed: UnixSeconds
    alive_at: UnixSeconds | None = None
    uptimes: Mapping[str, int] = {}
    moved: bool = False
    frozen: bool = False
    quiet: Mapping[str, UnixSeconds] = {}
    below: Mapping[str, int] = {}
    superseded: tuple[int, ...] = ()
    future: tuple[UnixSeconds, ...] = ()

    def moved_at(self, seed: str) -> UnixSeconds:
        """The time at which the uptime that this seed reports was last seen to advance."""
        return self.quiet.get(seed, self.last_listed)


class PresenceDay(Record):
    """Appearances and disappearances of a node on one UTC day (its start in unix seconds)."""

    day: UnixSeconds
    appearances: int = 0
    disappearances: int = 0


class UsedSample(Record):
    """The storage that a node used (bytes) at its first observation of a UTC day. Growth is measured from it."""

    at: UnixSeconds
    used: int


class NodeMemory(Record):
    """Everything that accumulates about one node.

    `present` tells whether the node was listed when that could last be judged, `present_since_window` whether it was
    already listed when the oldest day of `presence` began. `registered` is the hash of the registry entry written last.
    `confirmed` tells whether enough seeds ever listed it, `supported_at` when they last did. `unheard` is how long
    (seconds) other seeds have answered without it while none of its witnesses did. `watch` has the counters of its
    observation. `standings` are its first estimates of today and of the previous UTC day, oldest first.
    """

    id: str
    former_ids: tuple[str, ...] = ()
    first_seen: UnixSeconds
    addresses: tuple[AddressMemory, ...] = ()
    previous_addresses: tuple[AddressChange, ...] = ()
    previous_versions: tuple[VersionChange, ...] = ()
    source_ips: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    present: bool = False
    appearances: int = 0
    disappearances: int = 0
    last_appearance: UnixSeconds | None = None
    last_drop: UnixSeconds | None = None
    presence: tuple[PresenceDay, ...] = ()
    present_since_window: bool = False
    used_samples: tuple[UsedSample, ...] = ()
    last_judged: Slot | None = None
    registered: str | None = None
    confirmed: bool = True
    supported_at: UnixSeconds | None = None
    unheard: int = 0
    watch: Watch | None = None
    standings: tuple[Standing, ...] = ()
