"""No node, however odd, nulls a response about all nodes: every field of every type is selected, and `data` exists."""

from math import inf, nan
from typing import Any

import pytest
from graphql import ExecutionResult, get_named_type, parse
from graphql.execution import execute

from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import (
    AddressChange,
    AddressSighting,
    Capacity,
    CapacityParts,
    Consistency,
    LivenessBasis,
    PNode,
    PNodeStatus,
    Provenance,
    Trust,
    TrustParts,
)
from tests.factories import AT, pnode, pod_stats, score, seed_report, snapshot
from tests.schema.graphql.asking import Client
from tests.schema.graphql.everything import CORE, REQUIRED, everything

MAX = 2**63 - 1

SCORE = score(
    nan,
    color="",
    trust=Trust(
        score=inf, parts=TrustParts(uptime=nan, gossip_presence=-inf, version_compliance=None, gossip_consistency=1e308)
    ),
    capacity=Capacity(score=nan, parts=CapacityParts(storage_committed=None, usage_balance=None, growth_trend=nan)),
    rank=MAX,
    percentile=inf,
)
STRANGE: dict[str, PNode] = {
    "without an address": pnode(1, address="", sightings=(), previous_addresses=()),
    "NaN everywhere": pnode(
        1,
        storage_usage_percent=nan,
        storage_growth=inf,
        score=SCORE,
        consistency=Consistency(
            score=nan, all_time=inf, appearances=MAX, disappearances=MAX, window_days=7, last_drop=MAX
        ),
    ),
    "greatest numbers": pnode(
        1,
        uptime=MAX,
        storage_committed=MAX,
        storage_used=MAX,
        rpc_port=MAX,
        versions_behind=MAX,
        last_seen=MAX,
        alive_at=MAX,
        state_changes=MAX,
        storage_usage_percent=1e308,
        sightings=(AddressSighting(address="x", status=PNodeStatus.ONLINE, last_seen=MAX, uptime=MAX),),
    ),
    "negative numbers": pnode(1, uptime=-1, storage_committed=-MAX, storage_used=-1, rpc_port=-1, last_seen=-1),
    "nothing known": pnode(
        1,
        pubkey=None,
        status=PNodeStatus.UNKNOWN,
        liveness_basis=LivenessBasis.NONE,
        is_public=None,
        rpc_port=None,
        version=None,
        versions_behind=None,
        last_seen=None,
        alive_at=None,
        uptime=None,
        storage_committed=None,
        storage_used=None,
        storage_usage_percent=None,
        storage_growth=None,
        witnesses=(),
        source_ips=(),
        sightings=(),
        consistency=None,
        provenance=Provenance(seed=None, observed_at=AT),
        score=None,
    ),
    "strange texts": pnode(
        1,
        id="\u202e\x00<script>",
        address='=HYPERLINK("x")',
        pubkey="'\"; DROP",
        version="9" * 5_000,
        witnesses=("\ud7ff",),
        previous_addresses=(AddressChange(address="", until=AT),),
    ),
}


async def run(query: str, client: Client) -> ExecutionResult:
    """Executed without the limits, because the document is larger than a client's may be."""
    result = execute(CORE, parse(query), context_value=client.context())
    return result if isinstance(result, ExecutionResult) else await result


@pytest.mark.parametrize("field", sorted(CORE.query_type.fields if CORE.query_type else {}))
@pytest.mark.parametrize("strange", sorted(STRANGE))
async def test_no_node_blanks_an_answer(strange: str, field: str) -> None:
    node = STRANGE[strange]
    seeds = (
        seed_report(
            "odd",
            clock_ahead=MAX,
            coverage=nan,
            agreement=inf,
            stats=pod_stats(cpu_percent=nan, ram_used=MAX, last_updated=MAX, uptime=-1, active_streams=MAX),
            latency_ms={"get-pods": nan},
        ),
        seed_report("dead", failure=FailureCategory.TIMEOUT),
    )
    client = Client([snapshot([node, pnode(2), pnode(3)], seeds=seeds)])
    definition: Any = CORE.query_type and CORE.query_type.fields[field]
    type_: Any = get_named_type(definition.type)
    arguments = REQUIRED.get(field, "")
    if field == "pnode":
        arguments = f"id: {quoted(node.id)}"
    if field == "comparePnodes":
        arguments = f"addresses: [{quoted(node.id)}, {quoted(pnode(2).id)}]"
    if field == "growth":
        client.reads.add(snapshot([node], AT - 86_400))
    selection = everything(type_, (type_.name,))

    result = await run(f"{{ {field}{f'({arguments})' if arguments else ''} {{ {selection} }} }}", client)

    assert result.data is not None
    assert result.data[field] is not None
    assert result.errors is None


def quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(c):04x}" for c in text) + '"'


async def test_a_strange_node_is_listed_like_any_other() -> None:
    client = Client([snapshot([STRANGE["NaN everywhere"], pnode(2)])])

    found = await client.ask("{ pnodes { nodes { id storageUsagePercent score { composite } } } }")

    assert {"id": pnode(1).id, "storageUsagePercent": None, "score": {"composite": None}} in found["pnodes"]["nodes"]


async def test_a_number_beyond_exact_json_is_a_text() -> None:
    client = Client([snapshot([STRANGE["greatest numbers"]])])

    found = await client.ask("{ pnodes { nodes { uptime rpcPort lastSeen } } }")

    assert found["pnodes"]["nodes"] == [{"uptime": str(MAX), "rpcPort": None, "lastSeen": None}]
