"""Data about nodes from sources other than gossip: credits, and registrations on chain.

Each source has its own age, failures and origin, and is joined with nodes by key. Missing data is None: a key without a
row has unknown credits, which is not the same as 0 credits.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from schema.domain.base import DAY, Record, UnixSeconds
from schema.domain.node.pnode import PNode

CREDITS_PER_DAY = 2_880
"""One credit for each answered heartbeat, about every 30 seconds."""
ELIGIBLE_SHARE = 0.8
"""A key is eligible if it has this share of the 95th percentile at the end of the period."""
TOP_PERCENT = 95
MAINNET_PREFIX = "mainnet"


class EnrichmentSourceName(StrEnum):
    """A source of enrichment."""

    CREDITS = "CREDITS"
    REGISTRY = "REGISTRY"


class SourceState(Record):
    """The state of a source. `origin` is the scheme and host of its URL, without parts that may be secret.

    `fetched_at` is when the published data was fetched, None before the first success. `failures` counts failures since
    then. `failure` is why the last attempt failed, None if it succeeded. `dropped` counts the rows that were dropped.
    """

    name: EnrichmentSourceName
    origin: str
    network: str
    attempted_at: UnixSeconds
    fetched_at: UnixSeconds | None = None
    failures: int = 0
    failure: str | None = None
    rows: int = 0
    dropped: int = 0


class CreditRow(NamedTuple):
    """The credits of a key."""

    key: str
    credits: int


class Registration(NamedTuple):
    """A registration on chain, identified by its owner and number. `commission` is the manager's, as stored.

    A key is None if none is registered. `registered_at` is in unix seconds.
    """

    owner: str
    number: int
    devnet_key: str | None
    mainnet_key: str | None
    manager: str | None
    registered_at: UnixSeconds
    commission: int

    def key_on(self, network: str) -> str | None:
        """The key on a network: the mainnet key on mainnet, the devnet key elsewhere."""
        return self.mainnet_key if network.startswith(MAINNET_PREFIX) else self.devnet_key


class Enrichment(Record):
    """The last data of all sources. None for a source that is disabled or has never answered."""

    sources: tuple[SourceState, ...] = ()
    credits: tuple[CreditRow, ...] | None = None
    registry: tuple[Registration, ...] | None = None

    def source(self, name: EnrichmentSourceName) -> SourceState | None:
        """The state of a source. None if it is disabled."""
        return next((state for state in self.sources if state.name is name), None)


class Projection(NamedTuple):
    """The projected credits of a node at the next reset (unix seconds), from `low` to `high`."""

    reset_at: UnixSeconds
    low: int
    high: int


def credit_reference(rows: Iterable[CreditRow]) -> int | None:
    """The 95th percentile of all credits (nearest rank). None if there are none."""
    ordered = sorted(row.credits for row in rows)
    return ordered[(TOP_PERCENT * len(ordered) + 99) // 100 - 1] if ordered else None


def credit_share(earned: int, reference: int | None) -> float | None:
    """Credits as a share of the 95th percentile, 0 or more. None if that is 0 or not known."""
    return earned / reference if reference else None


def next_reset(at: UnixSeconds) -> UnixSeconds:
    """The start of the next UTC month, when credits are reset."""
    moment = datetime.fromtimestamp(at, UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)  # noqa: PLR2004  (December)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())


def last_reset(at: UnixSeconds) -> UnixSeconds:
    """The start of this UTC month."""
    moment = datetime.fromtimestamp(at, UTC)
    return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp())


def projection(earned: int, at: UnixSeconds) -> Projection | None:
    """Project credits to the next reset. None within a day of the last reset, when the rate is not known yet.

    `low` continues at the mean rate since the last reset, `high` at one credit per 30 seconds. Credits can also be
    deducted, so neither value is guaranteed.
    """
    began, reset = last_reset(at), next_reset(at)
    if at - began < DAY:
        return None
    left = reset - at
    low = earned + earned * left // (at - began)
    return Projection(reset, low, max(low, earned + CREDITS_PER_DAY * left // DAY))


class Manager(NamedTuple):
    """The registrations that one key manages: how many, and how many of them are in gossip and online."""

    key: str
    registered: int
    in_gossip: int
    online: int
    commissions: tuple[int, ...]


class Registered(NamedTuple):
    """Registrations compared with gossip: registrations without a node, nodes without a registration, and managers."""

    absent: tuple[Registration, ...]
    unregistered: tuple[PNode, ...]
    managers: tuple[Manager, ...]
    present: int


def registered(registry: Sequence[Registration], nodes: Iterable[PNode], network: str) -> Registered:
    """Join by the key of each registration on this network. A registration without such a key is in no list.

    Nodes that left gossip, and nodes without a key, are excluded too. All lists are in a total order.
    """
    present = {node.pubkey: node for node in nodes if node.pubkey is not None and node.in_gossip}
    keyed = [(key, each) for each in registry if (key := each.key_on(network)) is not None]
    known = {key for key, _ in keyed}
    absent = [each for key, each in keyed if key not in present]
    return Registered(
        absent=tuple(sorted(absent, key=lambda each: (each.owner, each.number))),
        unregistered=tuple(present[key] for key in sorted(present.keys() - known)),
        managers=_managers(keyed, present),
        present=len(known & present.keys()),
    )


def _managers(keyed: Sequence[tuple[str, Registration]], present: Mapping[str, PNode]) -> tuple[Manager, ...]:
    own: defaultdict[str, list[str]] = defaultdict(list)
    commissions: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for key, each in keyed:
        if each.manager is not None:
            own[each.manager].append(key)
            commissions[each.manager][each.commission] += 1
    found = [
        Manager(
            manager,
            len(keys),
            sum(key in present for key in keys),
            sum(key in present and present[key].is_online for key in keys),
            tuple(sorted(commissions[manager])),
        )
        for manager, keys in own.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.registered, each.key)))
