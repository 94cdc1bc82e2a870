"""A reader of the public API that reads continuously, and fails at the first inconsistent snapshot."""

import asyncio
import hashlib
import json
import time
from itertools import pairwise
from typing import Any, NamedTuple, Self

import aiohttp

from schema.domain.cycle.advance import content_hash
from server.storage.connect import Mongo
from server.storage.snapshots.reads import SnapshotReads
from tests.faults.load import TTL
from tests.faults.rig import Api

QUESTION = """{ snapshot { slot contentHash nodeCount totals { total online ghost offline unknown unsupported } }
  pnodes(first: 500) { totalCount nodes { id pubkey address supported status version uptime storageCommitted storageUsed
    witnesses score { composite } firstScore: score(policy: "1.0") { composite } sightings { address uptime } } } }"""
SUBSCRIPTION = "subscription { snapshots { slot contentHash nodeCount } }"
PAUSE_SECONDS = 0.03


class Seen(NamedTuple):
    """A slot as readers saw it: when first (unix seconds), its hash, and a digest of the nodes that came with it.

    `common` is a digest without the score of the newest policy, because releases know different policies.
    """

    at: float
    content_hash: str
    digest: str
    common: str


class Reader:
    """Reads one API over GraphQL, REST and a subscription for the duration of its `async with`.

    Asserts for every response that it is whole, that its slot is not older than the previous one, and that equal slots
    are equal. `refused` records the failed responses with their times, which occur while an API under test restarts.
    """

    def __init__(self, api: Api, session: aiohttp.ClientSession) -> None:
        self._api = api
        self._session = session
        self._tasks: list[asyncio.Task[None]] = []
        self.slots: dict[int, Seen] = {}
        self.heard: list[int] = []
        self.refused: list[tuple[float, int]] = []
        self.looks = 0

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(work()) for work in (self._graphql, self._rest, self._listen)]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        if kind is None:
            for end in ends:
                if isinstance(end, Exception):
                    raise end
            assert self.looks > 0, "the reader saw nothing"

    @property
    def newest(self) -> int:
        return max(self.slots, default=0)

    def gaps(self) -> list[int]:
        """The seconds between consecutive observed slots."""
        return [after - before for before, after in pairwise(sorted(self.slots))]

    @property
    def worst_gap(self) -> int:
        return max(self.gaps(), default=0)

    def lateness(self) -> list[float]:
        """The delay in seconds after which each slot was first seen."""
        return [seen.at - slot for slot, seen in self.slots.items()]

    async def _graphql(self) -> None:
        while True:
            status, body = await self._api.post(QUESTION)
            if status == 200:
                assert "errors" not in body, body
                self._check(body["data"])
            elif status != 200:
                self.refused.append((time.time(), status))
            await asyncio.sleep(PAUSE_SECONDS)

    def _check(self, data: dict[str, Any]) -> None:
        snapshot, page = data["snapshot"], data["pnodes"]
        slot, nodes = int(snapshot["slot"]), page["nodes"]
        assert snapshot["nodeCount"] == page["totalCount"] == len(nodes) == len({node["id"] for node in nodes})
        totals = snapshot["totals"]
        counted = [node for node in nodes if node["supported"]]
        assert (totals["total"], totals["unsupported"]) == (len(counted), len(nodes) - len(counted))
        for word in ("online", "ghost", "offline", "unknown"):
            assert totals[word] == sum(node["status"] == word.upper() for node in counted), word
        assert slot % TTL == 0
        assert slot >= self.newest, f"slot {slot} after {self.newest}"
        digest = _digest(nodes)
        common = _digest([{name: value for name, value in node.items() if name != "score"} for node in nodes])
        seen = self.slots.setdefault(slot, Seen(time.time(), snapshot["contentHash"], digest, common))
        assert (seen.content_hash, seen.digest) == (snapshot["contentHash"], digest), f"two snapshots of slot {slot}"
        self.looks += 1

    async def _rest(self) -> None:
        while True:
            status, body = await self._api.get("/pnodes?status=all&limit=1000")
            if status == 200:
                count = len(body["pnodes"])
                summary, counted = body["summary"], [node for node in body["pnodes"] if node["supported"]]
                assert body["pagination"]["total"] == count == len(counted) + summary["unsupported_pnodes"]
                assert summary["total_pnodes"] == len(counted)
                assert summary["online_pnodes"] == sum(node["is_online"] for node in counted)
                self.looks += 1
            else:
                self.refused.append((time.time(), status))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Follow the subscription, over a new connection whenever the last one ends."""
        while True:
            try:
                async with self._session.ws_connect(
                    f"{self._api.url}/graphql", protocols=("graphql-transport-ws",)
                ) as socket:
                    await socket.send_json({"type": "connection_init"})
                    await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}})
                    async for message in socket:
                        self._hear(json.loads(message.data))
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "next":
            snapshot = message["payload"]["data"]["snapshots"]
            slot = int(snapshot["slot"])
            assert not self.heard or slot > self.heard[-1], f"slot {slot} was told after {self.heard[-1]}"
            self.heard.append(slot)


def _digest(nodes: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(nodes, sort_keys=True).encode()).hexdigest()


async def check_kept(mongo_uri: str, database: str, reader: Reader) -> int:
    """Compare the observed slots with the stored ones, and return their number.

    Each must be stored, match its hash, and equal what the reader saw.
    """
    mongo = Mongo(mongo_uri, database)
    try:
        reads = SnapshotReads(mongo)
        await reads.refresh()
        for slot, seen in reader.slots.items():
            snapshot = await reads.of_slot(slot)
            assert snapshot.header.node_count == len(snapshot.nodes)
            assert content_hash(snapshot.nodes) == snapshot.header.content_hash == seen.content_hash, slot
    finally:
        await mongo.close()
    return len(reader.slots)
