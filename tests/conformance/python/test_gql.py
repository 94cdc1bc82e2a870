"""The Python client `gql` over aiohttp and over websockets."""

import pytest
from gql import Client, gql
from gql.client import AsyncClientSession
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

NODES = gql("query FirstNode {pnodes(first: 1) {totalCount nodes {id address}}}")
SNAPSHOTS = gql("subscription {snapshots {slot}}")


async def test_a_query_over_http_that_the_client_checks_against_the_schema(graphql_url: str) -> None:
    async with Client(transport=AIOHTTPTransport(url=graphql_url), fetch_schema_from_transport=True) as session:
        assert isinstance(session, AsyncClientSession)
        answer = await session.execute(NODES)
    assert answer["pnodes"]["totalCount"] > 0
    assert len(answer["pnodes"]["nodes"]) == 1


async def test_an_error_over_http_has_its_code(graphql_url: str) -> None:
    async with Client(transport=AIOHTTPTransport(url=graphql_url)) as session:
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(gql("{pnodes(first: 501) {totalCount}}"))
    assert refused.value.errors is not None
    assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_query_over_websockets(socket_url: str) -> None:
    async with Client(transport=WebsocketsTransport(url=socket_url)) as session:
        answer = await session.execute(NODES)
    assert answer["pnodes"]["totalCount"] > 0


async def test_a_subscription_over_websockets(socket_url: str) -> None:
    async with Client(transport=WebsocketsTransport(url=socket_url)) as session:
        slots = []
        async for result in session.subscribe(SNAPSHOTS):
            slots.append(result["snapshots"]["slot"])
            if len(slots) == 2:
                break
    assert slots[0] < slots[1]
