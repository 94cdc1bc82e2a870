"""The messages to subscribers: snapshots, changes of nodes, alerts, and events that can be resumed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schema.domain.cycle.events import Event, EventType
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT, key, network, pnode, snapshot
from tests.fakes import FakeReads
from tests.patience import patience
from tests.schema.graphql.asking import Client, received


class Subscriber:
    """Reads one subscription. `hear` returns the next message."""

    def __init__(self, results: Any) -> None:
        self._results = results

    async def hear(self) -> Any:
        async with patience():
            response = received(await anext(self._results))
        assert "errors" not in response, response["errors"]
        return response["data"]

    async def fails(self) -> str:
        async with patience():
            response = received(await anext(self._results))
        return response["errors"][0]["extensions"]["code"]

    async def ends(self) -> bool:
        async with patience():
            return await anext(self._results, None) is None


@asynccontextmanager
async def subscribed(client: Client, query: str, variables: dict[str, Any] | None = None) -> AsyncGenerator[Subscriber]:
    """A subscriber that listens when the block begins, and has left when it ends."""
    results = client.stream(query, variables)
    first = asyncio.ensure_future(anext(results))
    for _ in range(50):
        await asyncio.sleep(0)

    async def all_results() -> AsyncIterator[Any]:
        try:
            yield await first
            async for result in results:
                yield result
        except StopAsyncIteration:
            return

    following = all_results()
    try:
        yield Subscriber(following)
    finally:
        if not first.done():
            first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await following.aclose()  # type: ignore[attr-defined]  # it is a generator
        await results.aclose()
        assert client.updates.listeners == 0


def commit(client: Client, new: Snapshot) -> None:
    client.reads.add(new)
    client.updates.push(new)


async def test_each_snapshot_is_told_after_its_commit() -> None:
    client = Client([network(3)])
    async with subscribed(client, "subscription { snapshots { slot nodeCount totals { total } } }") as subscriber:
        for i in (1, 2):
            commit(client, network(3 + i, AT + 60 * i))
            assert await subscriber.hear() == {
                "snapshots": {"slot": AT + 60 * i, "nodeCount": 3 + i, "totals": {"total": 3 + i}}
            }


async def test_a_subscription_ends_with_its_source() -> None:
    client = Client([network(3)])
    async with subscribed(client, "subscription { snapshots { slot } }") as subscriber:
        client.updates.close()
        assert await subscriber.ends()


CHANGES = """subscription c($where: PNodeWhere) { pnodeChanges(where: $where) {
  id kind changedFields before { version uptime alerts { type } } pnode { version } snapshot { slot } } }"""


async def test_nodes_that_differ_are_told_with_what_changed() -> None:
    client = Client([snapshot([pnode(1, version="0.7.3"), pnode(2), pnode(3)])])
    async with subscribed(client, CHANGES) as subscriber:
        commit(client, snapshot([pnode(1), pnode(2, uptime=99), pnode(4)], AT + 60))
        heard = {m["id"]: m for m in [(await subscriber.hear())["pnodeChanges"] for _ in range(3)]}

    assert heard == {
        key(1): {
            "id": key(1),
            "kind": "UPDATED",
            "changedFields": ["version"],
            "before": {"version": "0.7.3", "uptime": 1_728_000, "alerts": [{"type": "VERSION_BEHIND"}]},
            "pnode": {"version": "0.8.0"},
            "snapshot": {"slot": AT + 60},
        },
        key(4): {
            "id": key(4),
            "kind": "ADDED",
            "changedFields": [],
            "before": None,
            "pnode": {"version": "0.8.0"},
            "snapshot": {"slot": AT + 60},
        },
        key(3): {
            "id": key(3),
            "kind": "REMOVED",
            "changedFields": [],
            "before": {"version": "0.8.0", "uptime": 1_728_000, "alerts": []},
            "pnode": None,
            "snapshot": {"slot": AT + 60},
        },
    }


async def test_a_node_that_got_a_key_is_the_same_node() -> None:
    before = pnode(1, pubkey=None)
    client = Client([snapshot([before])])
    async with subscribed(client, CHANGES) as subscriber:
        commit(client, snapshot([pnode(1, former_ids=(before.id,))], AT + 60))
        heard = (await subscriber.hear())["pnodeChanges"]

    assert (heard["kind"], heard["changedFields"]) == ("UPDATED", ["pubkey"])


async def test_only_changes_of_wanted_nodes_are_told() -> None:
    client = Client([snapshot([pnode(1, version="0.7.3"), pnode(2, version="0.7.3")])])
    async with subscribed(client, CHANGES, {"where": {"id": {"eq": key(2)}}}) as subscriber:
        commit(client, snapshot([pnode(1), pnode(2)], AT + 60))
        assert (await subscriber.hear())["pnodeChanges"]["id"] == key(2)
        commit(client, snapshot([pnode(1), pnode(2, version="0.9.0")], AT + 120))
        assert (await subscriber.hear())["pnodeChanges"]["pnode"] == {"version": "0.9.0"}


async def test_a_subscriber_that_skipped_snapshots_hears_the_whole_difference() -> None:
    client = Client([snapshot([pnode(1, version="0.6.0")])])
    async with subscribed(client, CHANGES) as subscriber:
        client.reads.add(snapshot([pnode(1, version="0.7.3")], AT + 60))
        commit(client, snapshot([pnode(1)], AT + 120))
        heard = (await subscriber.hear())["pnodeChanges"]

    assert (heard["before"]["version"], heard["pnode"]["version"]) == ("0.6.0", "0.8.0")


async def test_the_first_snapshot_of_a_store_is_no_change() -> None:
    client = Client([])
    async with subscribed(client, CHANGES) as subscriber:
        commit(client, snapshot([pnode(1)], AT))
        commit(client, snapshot([pnode(1, version="0.9.0")], AT + 60))
        assert (await subscriber.hear())["pnodeChanges"]["kind"] == "UPDATED"


async def test_alerts_are_told_when_they_are_raised_and_when_they_are_resolved() -> None:
    client = Client([snapshot([pnode(1), pnode(2, uptime=60)])])
    query = "subscription { alerts(where: {type: {eq: LOW_UPTIME}}) { state severity type pnode { id } } }"
    async with subscribed(client, query) as subscriber:
        commit(client, snapshot([pnode(1, uptime=60), pnode(2)], AT + 60))
        heard = [(await subscriber.hear())["alerts"] for _ in range(2)]
        commit(client, snapshot([pnode(1, uptime=7_200), pnode(2)], AT + 120))
        worse = (await subscriber.hear())["alerts"]

    assert heard == [
        {"state": "RAISED", "severity": "CRITICAL", "type": "LOW_UPTIME", "pnode": {"id": key(1)}},
        {"state": "RESOLVED", "severity": "CRITICAL", "type": "LOW_UPTIME", "pnode": {"id": key(2)}},
    ]
    assert (worse["state"], worse["severity"]) == ("RAISED", "WARNING")


EVENTS = (
    "subscription e($after: String, $where: EventWhere) { events(after: $after, where: $where) { cursor at subject } }"
)


def event(slot: int, index: int) -> Event:
    return Event(slot=slot, index=index, at=slot + index, type=EventType.RESTARTED, subject=f"n{slot}.{index}")


def commit_events(client: Client, slot: int, count: int = 3) -> list[str]:
    new = [event(slot, index) for index in range(count)]
    client.reads.log += new
    commit(client, network(3, slot))
    return [each.subject for each in new]


async def test_events_are_told_as_they_happen_in_their_order() -> None:
    client = Client(reads=FakeReads([network(3)], events=[event(AT, 0)]))
    async with subscribed(client, EVENTS) as subscriber:
        for i in (1, 2, 3):
            expected = commit_events(client, AT + 60 * i)
            assert [(await subscriber.hear())["events"]["subject"] for _ in expected] == expected


async def test_with_the_last_cursor_a_new_connection_misses_nothing() -> None:
    client = Client(reads=FakeReads([network(3)]))
    async with subscribed(client, EVENTS) as subscriber:
        commit_events(client, AT + 60)
        await subscriber.hear()
        last = (await subscriber.hear())["events"]["cursor"]
    missed = commit_events(client, AT + 120)

    async with subscribed(client, EVENTS, {"after": last}) as subscriber:
        heard = [(await subscriber.hear())["events"]["subject"] for _ in range(4)]
        later = commit_events(client, AT + 180, 1)
        heard.append((await subscriber.hear())["events"]["subject"])

    assert heard == [f"n{AT + 60}.2", *missed, *later]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_a_cursor_of_the_list_resumes_a_subscription_with_the_same_filter(direction: str) -> None:
    client = Client(reads=FakeReads([network(3, AT + 60)], events=[event(AT, 0), event(AT, 1), event(AT + 60, 0)]))
    where = {"type": {"eq": "RESTARTED"}}
    listed = await client.ask(
        "query l($where: EventWhere, $direction: OrderDirection) {"
        " events(first: 2, where: $where, direction: $direction) { nodes { cursor subject } } }",
        {"where": where, "direction": direction},
    )
    middle = listed["events"]["nodes"][1]
    assert middle["subject"] == f"n{AT}.1"

    async with subscribed(client, EVENTS, {"after": middle["cursor"], "where": where}) as subscriber:
        assert (await subscriber.hear())["events"]["subject"] == f"n{AT + 60}.0"


async def test_a_subscription_with_another_cursor_is_refused() -> None:
    client = Client(reads=FakeReads([network(3)]))
    async with subscribed(client, EVENTS, {"after": "nonsense"}) as subscriber:
        assert await subscriber.fails() == "INVALID_CURSOR"


async def test_a_source_that_fails_later_ends_with_an_error() -> None:
    client = Client(reads=FakeReads([network(3)]))
    async with subscribed(client, EVENTS) as subscriber:
        commit_events(client, AT + 60, 1)
        await subscriber.hear()
        client.reads.down = True
        commit(client, network(3, AT + 120))
        assert await subscriber.fails() == "SNAPSHOT_UNAVAILABLE"
        assert await subscriber.ends()


async def test_more_events_than_one_batch_are_all_told() -> None:
    log = [event(AT, index) for index in range(450)]
    client = Client(reads=FakeReads([network(3, AT + 60)], events=log))
    listed = await client.ask("{ events(first: 1, direction: ASC) { nodes { cursor } } }")

    async with subscribed(client, EVENTS, {"after": listed["events"]["nodes"][0]["cursor"]}) as subscriber:
        heard = [(await subscriber.hear())["events"]["subject"] for _ in range(449)]

    assert heard == [each.subject for each in log[1:]]


async def test_a_stream_of_events_ends_with_its_source() -> None:
    client = Client(reads=FakeReads([network(3)]))
    async with subscribed(client, EVENTS) as subscriber:
        client.updates.close()
        assert await subscriber.ends()
