"""The queries of every comparison, and the response of the bare handler."""

import orjson

LEAVES = "id address pubkey status version uptime storageCommitted storageUsed witnessCount"


def pnodes(first: int) -> bytes:
    """The body of a POST that selects nine leaves of `first` nodes."""
    return orjson.dumps({"query": f"{{ pnodes(first: {first}) {{ nodes {{ {LEAVES} }} }} }}"})


# The query to the peers: nine leaves, two of them a level deeper.
PEER_LEAVES = "id address pubkey status version uptime storageCommitted score { composite tier }"
ORDER_FIELDS = ("ADDRESS", "UPTIME", "STORAGE_COMMITTED", "STORAGE_USED", "WITNESS_COUNT")


def scored_pnodes(first: int, order: str = "") -> bytes:
    """The body of a POST that asks the peers, and this server, for nine leaves of so many nodes."""
    return orjson.dumps({"query": f"{{ pnodes(first: {first}{order}) {{ nodes {{ {PEER_LEAVES} }} }} }}"})


def pages(first: int) -> tuple[bytes, ...]:
    """Pages of so many nodes, which differ in their order alone."""
    return tuple(
        scored_pnodes(first, f", orderBy: [{{field: {one}, direction: {way}}}, {{field: {other}}}]")
        for one in ORDER_FIELDS
        for other in ORDER_FIELDS
        for way in ("ASC", "DESC")
        if one != other
    )


# As long as the real response to `pnodes(20)`, which the bare handler does not compute.
ANSWER_20 = orjson.dumps(
    {
        "data": {
            "pnodes": {
                "nodes": [
                    {
                        "id": "1" * 43,
                        "address": "45.10.20.7:9001",
                        "pubkey": "1" * 43,
                        "status": "ONLINE",
                        "version": "0.8.0",
                        "uptime": 1_728_000,
                        "storageCommitted": 214_748_364_800,
                        "storageUsed": 10_737_418_240,
                        "witnessCount": 3,
                    }
                ]
                * 20
            }
        },
        "extensions": {"cost": {"value": 300, "budget": 25_000}},
    }
)
