"""Data from sources besides gossip: credits, and registrations on chain. Null if a source is off or never answered."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, NamedTuple, TypeVar

import strawberry

from schema.derived import Tables
from schema.domain.base import UnixSeconds
from schema.domain.errors import BadUserInput
from schema.domain.network import enrichment as known
from schema.domain.network.enrichment import (
    CreditRow,
    Enrichment,
    Manager,
    Projection,
    Registered,
    Registration,
    SourceState,
)
from schema.domain.node.pnode import PNode
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot, in_snapshot
from schema.graphql.lists.paging import DEFAULT_PAGE, MAX_PAGE
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.types.enums import EnrichmentSourceName
from schema.graphql.types.fields import Weight, argument, attribute, fixed, number_argument, published, resolved
from schema.graphql.types.scalars import BigInt, DateTime

T = TypeVar("T")

First = Annotated[int, argument(f"The number of registrations to return, 0 to {MAX_PAGE}.")]
Key = Annotated[str, argument("Public key in base58.")]
LIST = Weight(items=number_argument("first", DEFAULT_PAGE, MAX_PAGE))


class Known:
    """The enrichment of the observed network, with its newest snapshot."""

    def __init__(self, found: Enrichment, tables: Tables) -> None:
        self.tables = tables
        self.network = tables.header.network
        self.sources = tuple(state for state in found.sources if state.network == self.network)
        names = {state.name for state in self.sources if state.fetched_at is not None}
        self.credit_rows = found.credits if EnrichmentSourceName.CREDITS in names else None
        self.registrations = found.registry if EnrichmentSourceName.REGISTRY in names else None

    def source(self, name: EnrichmentSourceName) -> SourceState:
        return next(state for state in self.sources if state.name is name)

    @cached_property
    def credits_by_key(self) -> Mapping[str, CreditRow]:
        return {row.key: row for row in self.credit_rows or ()}

    @cached_property
    def credits_ordered(self) -> Sequence[CreditRow]:
        return sorted(self.credit_rows or (), key=lambda row: (-row.credits, row.key))

    @cached_property
    def reference(self) -> int | None:
        return known.credit_reference(self.credit_rows or ())

    @cached_property
    def joined(self) -> Registered:
        return known.registered(self.registrations or (), self.tables.nodes, self.network)

    def pnode(self, key: str | None) -> InSnapshot[PNode] | None:
        node = self.tables.snapshot.by_id.get(key) if key is not None else None
        return None if node is None else InSnapshot(node, self.tables)


class Credited(NamedTuple):
    """The credits of one key, as received from the source."""

    key: str
    credits: int
    share: float | None
    eligible: bool | None
    projection: Projection | None
    pnode: InSnapshot[PNode] | None


class Chained(NamedTuple):
    """One registration, and the node that has its key on this network."""

    owner: str
    number: int
    devnet_key: str | None
    mainnet_key: str | None
    manager: str | None
    registered_at: UnixSeconds
    commission: int
    pnode: InSnapshot[PNode] | None


async def enrichment(info: Info) -> Known:
    tables = await info.context.tables()
    return Known(await info.context.reads.enrichment(), tables)


def sources_of(root: strawberry.Parent[Known]) -> Sequence[SourceState]:
    return root.sources


def credits_of(root: strawberry.Parent[Known]) -> Known | None:
    return None if root.credit_rows is None else root


def registry_of(root: strawberry.Parent[Known]) -> Known | None:
    return None if root.registrations is None else root


def credits_source(root: strawberry.Parent[Known]) -> SourceState:
    return root.source(EnrichmentSourceName.CREDITS)


def registry_source(root: strawberry.Parent[Known]) -> SourceState:
    return root.source(EnrichmentSourceName.REGISTRY)


def credit_keys(root: strawberry.Parent[Known]) -> int:
    return len(root.credit_rows or ())


def reference_credits(root: strawberry.Parent[Known]) -> int | None:
    return root.reference


def top_credits(root: strawberry.Parent[Known], first: First = DEFAULT_PAGE) -> list[Credited]:
    return [_credited(row, root) for row in _page(root.credits_ordered, first)]


def credits_of_key(root: strawberry.Parent[Known], key: Key) -> Credited | None:
    row = root.credits_by_key.get(key)
    return None if row is None else _credited(row, root)


def registered_count(root: strawberry.Parent[Known]) -> int:
    return len(root.registrations or ())


def present_count(root: strawberry.Parent[Known]) -> int:
    return root.joined.present


def absent_count(root: strawberry.Parent[Known]) -> int:
    return len(root.joined.absent)


def unregistered_count(root: strawberry.Parent[Known]) -> int:
    return len(root.joined.unregistered)


def manager_count(root: strawberry.Parent[Known]) -> int:
    return len(root.joined.managers)


def absent(root: strawberry.Parent[Known], first: First = DEFAULT_PAGE) -> list[Chained]:
    return [_chained(row, root) for row in _page(root.joined.absent, first)]


def unregistered(root: strawberry.Parent[Known], first: First = DEFAULT_PAGE) -> list[InSnapshot[PNode]]:
    return in_snapshot(_page(root.joined.unregistered, first), root.tables)


def managers(root: strawberry.Parent[Known], first: First = DEFAULT_PAGE) -> Sequence[Manager]:
    return _page(root.joined.managers, first)


def registrations_of_key(root: strawberry.Parent[Known], key: Key) -> list[Chained]:
    rows = [row for row in root.registrations or () if key in (row.devnet_key, row.mainnet_key)]
    return [_chained(row, root) for row in rows[:MAX_PAGE]]


def _page(rows: Sequence[T], first: int) -> Sequence[T]:
    if not 0 <= first <= MAX_PAGE:
        raise BadUserInput(f"first is {first}, expected 0 to {MAX_PAGE}", {"limit": MAX_PAGE})
    return rows[:first]


def _credited(row: CreditRow, whole: Known) -> Credited:
    share = known.credit_share(row.credits, whole.reference)
    at = whole.source(EnrichmentSourceName.CREDITS).fetched_at
    return Credited(
        key=row.key,
        credits=row.credits,
        share=share,
        eligible=None if share is None else share >= known.ELIGIBLE_SHARE,
        projection=None if at is None else known.projection(row.credits, at),
        pnode=whole.pnode(row.key),
    )


def _chained(row: Registration, whole: Known) -> Chained:
    return Chained(*row, pnode=whole.pnode(row.key_on(whole.network)))


@published(SourceState, "EnrichmentSource", "A source besides gossip, and its state.")
class EnrichmentSourceType:
    name: EnrichmentSourceName = attribute("The source.")
    origin: str = attribute("Scheme and host of its URL. The rest may be secret and is not published.")
    network: str = attribute("The name of the network of this data.")
    attempted_at: DateTime = attribute("When it was last polled.")
    fetched_at: DateTime | None = attribute("When the current data was fetched; null before the first success.")
    failures: int = attribute("Number of failed attempts since the last success.")
    failure: str | None = attribute("Why the last attempt failed; null if it succeeded.")
    rows: int = attribute("Number of rows in the current data.")
    dropped: int = attribute("Number of its rows that could not be read. They are left out.")


@published(
    Projection,
    "CreditProjection",
    "A projection of credits to the next reset, if nothing else changes. It is not a promise.",
)
class CreditProjectionType:
    reset_at: DateTime = attribute("The start of the next UTC month, when credits are reset.")
    low: BigInt = attribute("Credits if the mean pace since the last reset continues.")
    high: BigInt = attribute("Credits if every heartbeat is answered from now on.")


@published(Credited, "NodeCredits", "The credits of a key.")
class NodeCreditsType:
    key: str = attribute("Public key in base58.")
    credits: BigInt = attribute("Credits since the last reset.")
    share: float | None = attribute("Credits divided by the 95th percentile, 0 or more; null if that is not known.")
    eligible: bool | None = attribute(
        "Whether the share is 0.8 or more now. The share at the end of the month decides."
    )
    projection: CreditProjectionType | None = attribute(
        "The projection to the next reset; null within a day of the last reset."
    )
    pnode: PNodeType | None = attribute("The node with this key; null if the newest snapshot has none.")


@published(Chained, "RegistrationInGossip", "A registration, and the node that has its key on this network.")
class RegistrationInGossipType:
    owner: str = attribute("Public key of the owner's account.")
    number: int = attribute("Number among the owner's registrations.")
    devnet_key: str | None = attribute("Public key of the pod on devnet; null if none is registered.")
    mainnet_key: str | None = attribute("Public key of the pod on mainnet; null if none is registered.")
    manager: str | None = attribute("Public key of the manager; null if there is none.")
    registered_at: DateTime = attribute("When it was registered.")
    commission: BigInt = attribute("The manager's commission, as stored on chain.")
    pnode: PNodeType | None = attribute("The node with its key on this network; null if the snapshot has none.")


@published(Manager, "Manager", "The registrations that one key manages.")
class ManagerType:
    key: str = attribute("Public key of the manager.")
    registered: int = attribute("Number of its registrations with a key on this network.")
    in_gossip: int = attribute("Number of its registrations whose node is in gossip.")
    online: int = attribute("Number of its registrations whose node is online.")
    commissions: list[BigInt] = attribute("The distinct commissions of its registrations, as stored on chain.")


@published(Known, "Credits", "Credits, as last received from their source.")
class CreditsType:
    source = resolved(credits_source, EnrichmentSourceType, "The source of the data, and its age.")
    keys = resolved(credit_keys, int, "Number of keys with credits.")
    reference = resolved(reference_credits, BigInt | None, "The 95th percentile of all credits.")
    top = resolved(top_credits, list[NodeCreditsType], "Keys in descending order of credits, then by key.", weight=LIST)
    of = resolved(credits_of_key, NodeCreditsType | None, "The credits of a key; null if the source has none.")


@published(Known, "ChainRegistry", "Registrations on chain, compared with the nodes in gossip.")
class ChainRegistryType:
    source = resolved(registry_source, EnrichmentSourceType, "The source of the data, and its age.")
    registered = resolved(registered_count, int, "Number of registrations.")
    present = resolved(present_count, int, "Registered keys of this network that are in gossip.")
    absent_count = resolved(absent_count, int, "Registrations with a key on this network that is not in gossip.")
    absent = resolved(
        absent,
        list[RegistrationInGossipType],
        "Registrations whose key is not in gossip, by owner and number.",
        weight=LIST,
    )
    unregistered_count = resolved(unregistered_count, int, "Nodes in gossip whose key is not registered.")
    unregistered = resolved(
        unregistered, list[PNodeType], "Nodes in gossip whose key is not registered, by key.", weight=LIST
    )
    manager_count = resolved(manager_count, int, "Number of managers.")
    managers = resolved(managers, list[ManagerType], "Managers, in descending order of registrations.", weight=LIST)
    of = resolved(
        registrations_of_key, list[RegistrationInGossipType], "Registrations of a key.", weight=Weight(items=fixed(1))
    )


@published(Known, "Enrichment", "Data from sources other than gossip, joined by key. Null if a source is off.")
class EnrichmentType:
    sources = resolved(sources_of, list[EnrichmentSourceType], "Sources that are on.", weight=Weight(items=fixed(2)))
    credits = resolved(credits_of, CreditsType | None, "Credits; null if the source is off, or was never fetched.")
    registry = resolved(
        registry_of, ChainRegistryType | None, "Registrations; null if the source is off, or was never fetched."
    )
