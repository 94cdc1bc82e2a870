"""The address of the stack that the clients query."""

import os

import pytest


@pytest.fixture
def graphql_url() -> str:
    return f"{os.environ['CONFORMANCE_URL']}/graphql"


@pytest.fixture
def socket_url(graphql_url: str) -> str:
    return graphql_url.replace("http", "ws", 1)
