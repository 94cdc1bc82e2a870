"""nginx with our site in front of three API processes, as on a server, seen by clients."""

import asyncio
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress

import aiohttp
import pytest

from server.storage.connect import Mongo
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.deploy_check.site import APIS, NGINX, OPENSSL, Site
from tests.embedded import EmbeddedStores
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY, Process, fetch, wait_until
from tests.server.storage.builders import HOLDER, commit

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (nginx-light)"),
    pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed"),
]

NODES = 40
SOCKETS = 2
PROTOCOL = "graphql-transport-ws"


async def _store_one(mongo_uri: str, database: str) -> None:
    mongo = Mongo(mongo_uri, database, timeout_seconds=PATIENCE_SECONDS)
    store = MongoSnapshotStore(mongo)
    now = time.time()
    lease = await store.acquire(HOLDER, now, 60)
    assert lease is not None
    await store.commit(lease, commit(int(now) // 3600 * 3600, NODES, interval=3600))
    await mongo.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    stores = EmbeddedStores(folder / "stores").start()
    with ExitStack() as stack:
        stack.callback(stores.kill)
        asyncio.run(_store_one(stores.mongo_uri, "site"))
        settings = {"MONGO_URI": stores.mongo_uri, "MONGO_DB": "site", "REDIS_URL": stores.redis_url}
        made = Site(folder, {**settings, "CACHE_TTL": "3600", "MAX_SOCKETS_PER_ADDRESS": str(SOCKETS)})
        for process in (*made.apis, made.nginx):
            stack.enter_context(process)
        stack.callback(made.nginx.stop)  # a killed master leaves its workers
        for port in made.ports:
            wait_until(lambda at=port: fetch(f"http://127.0.0.1:{at}/health/ready")[0] == 200, "an API is ready")
        wait_until(lambda: fetch(f"{made.url}/health/ready")[0] == 200, "nginx passes requests on")
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS)) as made:
        yield made


async def test_answers_are_kept_by_what_the_api_says(site: Site, session: aiohttp.ClientSession) -> None:
    found: list[str] = []
    for _ in range(3):
        async with session.get(f"{site.url}/pnodes?limit=7") as answer:
            assert answer.status == 200
            found.append(answer.headers["x-cache"])
    assert found == ["MISS", "HIT", "HIT"]
    async with session.get(f"{site.url}/health/ready") as answer:
        assert answer.headers["x-cache"] in {"MISS", "BYPASS", "EXPIRED"}  # `no-store`: requested each time
    async with session.get(f"{site.url}/health/ready") as answer:
        assert answer.headers["x-cache"] != "HIT"


async def test_an_etag_through_nginx_gives_304(site: Site, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{site.url}/pnodes?limit=3") as answer:
        etag = answer.headers["etag"]
    for _ in range(2):
        async with session.get(f"{site.url}/pnodes?limit=3", headers={"if-none-match": etag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")


async def test_the_compression_of_the_api_reaches_the_client(site: Site, session: aiohttp.ClientSession) -> None:
    for coding in ("gzip", "br", "identity"):
        async with session.get(f"{site.url}/pnodes?limit=30", headers={"accept-encoding": coding}) as answer:
            assert answer.headers.get("content-encoding", "identity") == coding
            assert len((await answer.json())["pnodes"]) == 30


async def test_a_websocket_goes_through(site: Site, session: aiohttp.ClientSession) -> None:
    async with session.ws_connect(f"{site.url}/graphql", protocols=[PROTOCOL]) as socket_:
        await socket_.send_json({"type": "connection_init"})
        assert (await socket_.receive_json())["type"] == "connection_ack"
        await socket_.send_json({"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}})
        assert (await socket_.receive_json())["payload"]["data"] == {"__typename": "Query"}


async def test_an_event_stream_is_not_held_back(site: Site, session: aiohttp.ClientSession) -> None:
    asked = {"query": "{ __typename }"}
    headers = {"accept": "text/event-stream"}
    async with session.post(f"{site.url}/graphql", json=asked, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert b"__typename" in await answer.content.readuntil(b"\n\n")


async def _sockets_from(site: Site, address: str, attempts: int) -> int:
    """The number of sockets for a client at this address that claims another address in each attempt."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        held = 0
        for number in range(attempts):
            invented = {"x-forwarded-for": f"203.0.113.{number}"}
            with suppress(aiohttp.WSServerHandshakeError):
                opening = session.ws_connect(f"{site.url}/graphql", protocols=[PROTOCOL], headers=invented)
                await stack.enter_async_context(opening)
                held += 1
        return held


async def test_the_client_is_known_by_the_address_that_nginx_sees(site: Site) -> None:
    """The address is neither one that the client claims, which could be any, nor that of nginx, which all share."""
    addresses = [f"127.0.0.{number + 2}" for number in range(APIS + 1)]
    # At least two of these addresses share an API, and each has its own number of sockets there.
    held = await asyncio.gather(*(_sockets_from(site, address, 2 * SOCKETS) for address in addresses))
    assert held == [SOCKETS for _ in addresses]


@pytest.mark.skipif(not all(map(shutil.which, ("curl", "jq"))), reason="the scripts need curl and jq")
@pytest.mark.parametrize("script", ["deploy/verify_deployment.sh", "tests/test_api.sh"])
def test_the_scripts_of_a_deployment_pass_over_tls(site: Site, script: str) -> None:
    trusting = {"PATH": os.environ["PATH"], "CURL_CA_BUNDLE": str(site.certificate)}
    with Process(str(REPOSITORY / script), site.tls_url, log=site.folder / "script.log", env=trusting) as run:
        assert run.wait() == 0, run.text()


def test_metrics_are_for_this_machine_alone(site: Site) -> None:
    assert fetch(f"{site.url}/metrics")[0] == 200
    text = (REPOSITORY / "deploy" / "nginx" / "site.conf").read_text(encoding="utf-8")
    (block,) = re.findall(r"location = /metrics \{(.*?)\}", text, re.DOTALL)
    assert [line.strip() for line in block.splitlines()[1:4]] == ["allow 127.0.0.1;", "allow ::1;", "deny all;"]


def answer_to(site: Site, raw: bytes) -> bytes:
    """The data received before the connection is closed."""
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE_SECONDS) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(raw)
        return _rest(connection)


def _rest(connection: socket.socket) -> bytes:
    """The data received until the connection is closed."""
    found = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def test_a_flood_of_headers_is_refused_and_others_are_served(site: Site) -> None:
    flood = b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: %s\r\n" % (i, b"y" * 1_000) for i in range(1_024))
    assert answer_to(site, flood + b"\r\n").split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
    long = b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 2**20 + b"\r\n\r\n"
    assert answer_to(site, long).split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
    assert fetch(f"{site.url}/health/ready")[0] == 200


def test_slow_headers_are_cut_off_and_never_reach_an_api(site: Site) -> None:
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE_SECONDS)) for _ in range(50)
        ]
        for each in slow:
            each.sendall(b"GET /slow HTTP/1.1\r\nhost: x\r\nx-a")
        assert fetch(f"{site.url}/health/ready")[0] == 200
        answers = [_rest(each) for each in slow]
    assert {answer[:12] for answer in answers} <= {b"", b"HTTP/1.1 408"}  # all of them are closed
    assert not [line for line in site.requests() if line.get("path") == "/slow"]


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    assert fetch(f"{site.url}/graphql", b"x" * 200_000)[0] == 413


async def test_a_killed_api_costs_no_request(site: Site, session: aiohttp.ClientSession) -> None:
    failed: list[object] = []
    done = 0
    stop = asyncio.Event()
    reached: dict[int, asyncio.Event] = {}

    async def more(requests: int) -> None:
        reached[done + requests] = asyncio.Event()
        await reached[done + requests].wait()

    async def load(number: int) -> None:
        nonlocal done
        while not stop.is_set():
            done += 1
            if done in reached:
                reached[done].set()
            query = {"query": f"{{ a{done % 97}: __typename pnodes(first: {number + 1}) {{ totalCount }} }}"}
            try:
                if number % 2:
                    request = session.get(f"{site.url}/pnodes?limit={done % 40 + 1}&offset={number}")
                else:
                    request = session.post(f"{site.url}/graphql", json=query)
                async with request as answer:
                    await answer.read()
                    if answer.status != 200:
                        failed.append(answer.status)
            except aiohttp.ClientError as error:
                failed.append(repr(error))

    loads = [asyncio.create_task(load(number)) for number in range(8)]
    for api, port in zip(site.apis, site.ports, strict=True):
        await more(300)
        api.child.send_signal(signal.SIGKILL)
        await asyncio.to_thread(api.wait)
        await more(300)
        api.start()
        await asyncio.to_thread(
            wait_until, lambda at=port: fetch(f"http://127.0.0.1:{at}/health/ready")[0] == 200, "the API is back"
        )
    stop.set()
    await asyncio.gather(*loads)
    assert failed == []
    assert done >= 6 * 300
