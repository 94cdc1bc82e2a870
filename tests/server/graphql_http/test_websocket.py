import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog

from schema.domain.cycle.events import Event, EventType
from schema.graphql.execution.context import Context
from server.graphql_http.holdings import MAX_BYTES_PER_SOCKET
from server.graphql_http.outbox import MAX_AHEAD_RESULTS, MAX_WAITING_SNAPSHOTS
from server.graphql_http.pace import MESSAGES_AT_ONCE
from server.graphql_http.websocket import MAX_SUBSCRIPTIONS
from tests.asgi import Closed, WebSocket
from tests.factories import AT, network, pnode, snapshot
from tests.patience import patience, settle
from tests.server.graphql_http.conftest import Api

SNAPSHOTS = "subscription { snapshots { slot } }"
COUNT = "{ pnodes(first: 1) { totalCount } }"


def subscribe(name: str = "1", query: object = SNAPSHOTS, **more: object) -> dict[str, object]:
    return {"type": "subscribe", "id": name, "payload": {"query": query, **more}}


async def closed(act: Callable[[], Awaitable[Any]]) -> int | None:
    with pytest.raises(Closed) as error:
        await act()
    return error.value.code


async def test_each_snapshot_reaches_its_subscriber(api: Any) -> None:
    async with WebSocket(api) as socket:
        assert socket.accepted["subprotocol"] == "graphql-transport-ws"
        await socket.init()
        await socket.send(subscribe("a"))
        await api.updates.listening()
        api.updates.push(network(20, AT + 60))
        message = await socket.receive()
        assert (message["type"], message["id"], message["payload"]["data"]) == (
            "next",
            "a",
            {"snapshots": {"slot": AT + 60}},
        )


async def test_a_query_gives_one_result_and_completes(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("q", COUNT))
        first, last = await socket.receive(), await socket.receive()
        assert first["payload"]["data"] == {"pnodes": {"totalCount": 20}}
        assert last == {"type": "complete", "id": "q"}


async def test_a_subscription_whose_source_fails_says_why_and_completes(api: Any) -> None:
    query = 'subscription { heard: events(after: "nonsense") { cursor } }'
    with structlog.testing.capture_logs() as logs:
        async with WebSocket(api) as socket:
            await socket.init()
            await socket.send(subscribe("e", query))
            first, last = await socket.receive(), await socket.receive()
    (error,) = first["payload"]["errors"]
    assert (first["type"], first["payload"]["data"], error["path"]) == ("next", None, ["heard"])
    assert error["extensions"] == {"code": "INVALID_CURSOR"}
    assert last == {"type": "complete", "id": "e"}
    assert [log for log in logs if log["log_level"] == "error"] == []


async def test_a_negative_zero_leaves_a_socket_as_zero() -> None:
    api = Api([snapshot([pnode(1, storage_growth=-0.0)])])
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("q", "{ pnodes(first: 1) { nodes { storageGrowth } } }"))
        (node,) = (await socket.receive())["payload"]["data"]["pnodes"]["nodes"]
        assert math.copysign(1, node["storageGrowth"]) == 1


async def test_two_operations_run_side_by_side(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("a"))
        await socket.send(subscribe("b", COUNT))
        assert (await socket.receive())["id"] == "b"


async def test_subscribers_of_the_same_share_one_producer(api: Any) -> None:
    async with WebSocket(api) as one, WebSocket(api) as two:
        for socket in (one, two):
            await socket.init()
            await socket.send(subscribe())
        await api.updates.listening()
        assert (len(api.feeds), api.updates.listeners) == (1, 1)
        api.updates.push(network(20, AT + 60))
        assert (await one.receive())["payload"] == (await two.receive())["payload"]
    await api.updates.listening(0)
    assert len(api.feeds) == 0


async def test_a_completed_subscription_hears_no_more_and_its_id_is_free(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("a"))
        await api.updates.listening()
        await socket.send({"type": "complete", "id": "a"})
        await api.updates.listening(0)
        await socket.send(subscribe("a", COUNT))
        assert (await socket.receive())["payload"]["data"] == {"pnodes": {"totalCount": 20}}


async def test_ping_is_answered_with_its_payload(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.send({"type": "ping", "payload": {"n": 1}})
        assert await socket.receive() == {"type": "pong", "payload": {"n": 1}}
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def test_an_invalid_operation_is_an_error_message_with_codes(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("x", "{ nonsense }"))
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "x")
        assert message["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "message",
    [
        "nonsense",
        "[1]",
        "5",
        {"type": "unknown"},
        {"id": "1"},
        subscribe(name=5),  # type: ignore[arg-type] — the test sends a wrong id
        subscribe(name=""),
        subscribe(name="x" * 129),
        subscribe(query=5),
        subscribe(variables=[]),
        subscribe(query=None),
        {"type": "subscribe", "id": "1", "payload": "x"},
        {"type": "subscribe", "id": "1"},
        {"type": "complete"},
        {"type": "ping", "payload": 5},
        "x" * 65_537,
    ],
)
async def test_what_the_protocol_does_not_know_closes_with_4400(api: Any, message: object) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(message)
        assert await closed(socket.receive) == 4400


async def test_a_binary_frame_closes_with_4400(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send_bytes(b"{}")
        assert await closed(socket.receive) == 4400


async def test_a_null_payload_of_connection_init_is_acknowledged(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.send({"type": "connection_init", "payload": None})
        assert await socket.receive() == {"type": "connection_ack"}


async def test_subscribing_before_the_acknowledgement_closes_with_4401(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.send(subscribe())
        assert await closed(socket.receive) == 4401


@pytest.mark.parametrize("subprotocols", [(), ("graphql-ws",), ("other",)])
async def test_another_subprotocol_closes_with_4406(api: Any, subprotocols: tuple[str, ...]) -> None:
    async with WebSocket(api, subprotocols=subprotocols) as socket:
        assert socket.accepted["subprotocol"] is None
        assert await closed(socket.receive) == 4406


async def test_no_initialisation_in_time_closes_with_4408(make_api: Any) -> None:
    async with WebSocket(make_api([network(1)], init_seconds=0.0)) as socket:
        assert await closed(socket.receive) == 4408


async def test_an_id_that_is_in_use_closes_with_4409(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("a"))
        await socket.send(subscribe("a"))
        assert await closed(socket.receive) == 4409


async def test_a_second_initialisation_closes_with_4429(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send({"type": "connection_init"})
        assert await closed(socket.receive) == 4429


async def test_a_connection_has_a_bounded_number_of_operations(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        for number in range(MAX_SUBSCRIPTIONS + 1):
            await socket.send(subscribe(str(number)))
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", str(MAX_SUBSCRIPTIONS))


async def test_sockets_are_bounded_by_address_and_in_all_before_they_are_accepted(make_api: Any) -> None:
    api = make_api([network(1)], in_all=2, per_address=1)
    async with WebSocket(api, address="192.0.2.1"):
        with pytest.raises(Closed) as by_address:
            await WebSocket(api, address="192.0.2.1").__aenter__()
        async with WebSocket(api, address="192.0.2.2"):
            with pytest.raises(Closed) as in_all:
                await WebSocket(api, address="192.0.2.3").__aenter__()
    assert (by_address.value.status, in_all.value.status, api.doors.open) == (429, 503, 0)


@pytest.mark.parametrize(
    ("allowed", "origin", "refused"),
    [
        (None, "https://evil.example", False),
        (("https://good.example",), "https://good.example", False),
        (("https://good.example",), None, False),
        (("https://good.example",), "https://evil.example", True),
    ],
)
async def test_origins_are_only_judged_where_some_are_named(
    make_api: Any, allowed: tuple[str, ...] | None, origin: str | None, refused: bool
) -> None:
    socket = WebSocket(make_api([network(1)], allowed_origins=allowed), origin=origin)
    if refused:
        with pytest.raises(Closed) as error:
            await socket.__aenter__()
        assert error.value.status == 403
    else:
        async with socket:
            await socket.init()


async def test_a_client_that_never_reads_costs_a_bounded_amount_and_delays_nobody(api: Any) -> None:
    async with WebSocket(api) as slow, WebSocket(api) as quick:
        for socket in (slow, quick):
            await socket.init()
            await socket.send(subscribe())
        await api.updates.listening()
        slow.flowing.clear()
        for number in range(1, 101):
            api.updates.push(network(2, AT + 60 * number))
            assert (await quick.receive())["payload"]["data"]["snapshots"]["slot"] == AT + 60 * number
        slow.flowing.set()
        slots = [(await slow.receive())["payload"]["data"]["snapshots"]["slot"] for _ in range(MAX_WAITING_SNAPSHOTS)]
    # One was in transit when the client stopped. Of the others, the newest remain.
    assert slots[1:] == [AT + 60 * n for n in range(101 - MAX_WAITING_SNAPSHOTS, 100)]


async def test_a_burst_of_results_that_all_matter_loses_none(api: Any) -> None:
    before = snapshot([pnode(n, version="0.7.3") for n in range(50)], AT + 60)
    after = snapshot([pnode(n, version="0.8.0") for n in range(50)], AT + 120)
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("c", "subscription { pnodeChanges { id changedFields } }"))
        await api.updates.listening()
        api.updates.push(before)
        api.updates.push(after)
        seen: set[str] = set()
        async with patience():
            while len(seen) < 50:
                change = (await socket.receive())["payload"]["data"]["pnodeChanges"]
                if "version" in change["changedFields"]:
                    seen.add(change["id"])


@pytest.mark.parametrize("message", [{"type": "ping"}, {"type": "pong"}, {"type": "complete", "id": "x"}])
async def test_a_flood_of_messages_closes_with_1008(api: Any, message: dict[str, object]) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        for _ in range(2 * MESSAGES_AT_ONCE):
            await socket.send(message)

        async def drain() -> None:
            while True:
                await socket.receive()

        async with patience():
            assert await closed(drain) == 1008


async def test_other_work_goes_on_between_the_messages_of_a_socket(api: Any) -> None:
    passes = 0

    async def count() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    async with WebSocket(api) as socket:
        await socket.init()
        counting = asyncio.create_task(count())
        for number in range(40):
            await socket.send(subscribe(str(number), f"{{ a{number}: __typename }}"))
        results = 0
        while results < 40:
            results += (await socket.receive())["type"] == "next"
        counting.cancel()

    assert passes > 40


def distinct(number: int, size: int = 7_000) -> str:
    """A separate subscription of about this many bytes."""
    return f"subscription {{ a{number}: snapshots {{ slot }} }} #{'x' * size}"


async def test_the_documents_of_a_socket_are_bounded_and_given_back(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        for number in range(10):
            await socket.send(subscribe(str(number), distinct(number)))
        refused = await socket.receive()
        assert (refused["type"], refused["id"]) == ("error", str(MAX_BYTES_PER_SOCKET // 7_000))
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await socket.send({"type": "complete", "id": "0"})
        await socket.send(subscribe("again", distinct(100)))
        await api.updates.listening(MAX_BYTES_PER_SOCKET // 7_000)


async def test_documents_of_short_tokens_count_as_longer_ones(api: Any) -> None:
    """They take more memory than their length says."""
    groups = "{}" * 90
    async with WebSocket(api) as socket:
        await socket.init()
        query = ""
        for number in range(10, 50):
            query = f"subscription {{ a{number}: pnodeChanges(where: {{and:[{groups}]}}) {{ __typename }} }}"
            await socket.send(subscribe(str(number), query))
        refused = await socket.receive()
        size = api.engine.document(query).size + len("{}")

    assert size > 5 * len(query)
    assert (refused["type"], refused["id"]) == ("error", str(10 + MAX_BYTES_PER_SOCKET // size))
    assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_what_cannot_be_held_is_not_even_parsed(api: Any) -> None:
    async with WebSocket(api) as socket:
        await socket.init()
        for number in range(9):
            await socket.send(subscribe(str(number), distinct(number)))
        await socket.send(subscribe("beyond", "{" + " nonsense" * 1_000 + "}"))
        refused = await socket.receive()

    assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("beyond", "RATE_LIMITED")


async def test_equal_documents_of_all_sockets_are_one(api: Any) -> None:
    query = distinct(0)
    async with WebSocket(api) as one, WebSocket(api) as two:
        for socket in (one, two):
            await socket.init()
            await socket.send(subscribe("a", query))
        await api.updates.listening()
        first, second = api.engine.document(query), api.engine.document(query)

    assert first is second
    assert len(api.feeds) == 0


async def test_later_results_are_charged_too(make_api: Any) -> None:
    api = make_api([network(3)], rate_limit=30)
    async with WebSocket(api) as socket:
        await socket.init()
        await socket.send(subscribe("a"))
        await api.updates.listening()
        kinds = []
        for number in range(1, 6):
            api.updates.push(network(3, AT + 60 * number))
            kinds.append((await socket.receive())["type"])
            if kinds[-1] == "error":
                break

    assert kinds[0] == "next"
    assert kinds[-1] == "error"


async def test_a_feed_of_ones_own_goes_no_further_than_its_reader(make_api: Any) -> None:
    log = [Event(slot=AT, index=n, at=AT, type=EventType.RESTARTED, subject=f"n{n}") for n in range(5_000)]
    api = make_api([network(3, AT + 60)], events=log)
    listed = await api.engine.run(*_asked(api, "{ events(first: 1, direction: ASC) { nodes { cursor } } }"))
    cursor = listed.response["data"]["events"]["nodes"][0]["cursor"]
    query = f'subscription {{ events(after: "{cursor}") {{ subject }} }}'
    async with WebSocket(api) as socket:
        await socket.init()
        socket.flowing.clear()
        await socket.send(subscribe("e", query))
        await settle()
        ((subscriber,),) = [feed._listeners for feed in api.feeds._all]
        waiting = sum(map(len, subscriber._connection._outbox._results.values()))
        socket.flowing.set()
        heard = [(await socket.receive())["payload"]["data"]["events"]["subject"] for _ in range(4_999)]

    assert 0 < waiting <= MAX_AHEAD_RESULTS + 2
    assert heard == [event.subject for event in log[1:]]


def _asked(api: Any, query: str) -> Any:
    return api.engine.ready(query, None, None, AT), Context(reads=api.reads, updates=api.updates, now=AT + 65)
