"""Limits of a source, and addresses to which a request never goes. Servers are on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from jobs.enrich.fetch import Fetcher, FetchLimits, Question, origin_of
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import FailureCategory

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server with one handler, and returns its URL."""
    runners: list[web.AppRunner] = []

    async def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


async def failure(url: str, fetcher: Fetcher | None = None) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        await (fetcher or Fetcher()).fetch(Question(url))
    return failed.value


async def test_an_answer_is_fetched_by_get_and_a_question_is_posted(serve: Serve) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response([request.method, await request.text()])

    url = await serve(echo)
    assert await Fetcher().fetch(Question(f"{url}/credits")) == b'["GET", ""]'
    assert await Fetcher().fetch(Question(url, {"id": 1})) == b'["POST", "{\\"id\\": 1}"]'


async def test_a_redirect_is_not_followed(serve: Serve) -> None:
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    failed = await failure(await serve(redirect) + "/credits")
    assert failed.failure.category is FailureCategory.HTTP_STATUS
    assert "redirects are not followed" in failed.failure.message
    assert asked == ["/credits"]


async def test_another_status_is_a_failure(serve: Serve) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=503)

    assert (await failure(await serve(refuse))).failure.category is FailureCategory.HTTP_STATUS


async def test_an_answer_beyond_the_size_is_cut_off(serve: Serve) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        try:
            while True:
                await reply.write(b"x" * 2**16)
        except ConnectionError:
            return reply

    failed = await failure(await serve(flood), Fetcher(FetchLimits(max_body_bytes=2**18)))
    assert failed.failure.category is FailureCategory.TOO_LARGE


async def test_an_answer_that_never_ends_is_given_up(serve: Serve) -> None:
    async def stall(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        await reply.write(b"[")
        await asyncio.Event().wait()
        return reply

    failed = await failure(await serve(stall), Fetcher(FetchLimits(total_seconds=0.2)))
    assert failed.failure.category is FailureCategory.TIMEOUT


@pytest.mark.parametrize("leads_to", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "100.64.0.1"])
async def test_a_name_never_leads_to_this_machine_or_a_private_network(leads_to: str) -> None:
    async def resolve(_: str) -> list[str]:
        return [leads_to]

    failed = await failure("https://credits.example/api", Fetcher(resolve=resolve))
    assert failed.failure.category is FailureCategory.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254"])
async def test_an_address_that_must_not_be_dialled_is_refused(host: str) -> None:
    assert (await failure(f"https://{host}/")).failure.category is FailureCategory.FORBIDDEN_ADDRESS


async def test_the_certificate_of_a_source_is_checked(serve: Serve) -> None:
    """A server without TLS is not accepted in place of one with TLS."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response([])

    url = (await serve(answer)).replace("http://", "https://")
    assert (await failure(url)).failure.category in (FailureCategory.UNREACHABLE, FailureCategory.NOT_JSON)


def test_the_origin_of_a_url_has_no_secret() -> None:
    assert origin_of("https://rpc.example:8443/KEY?api=SECRET") == "https://rpc.example:8443"
    assert origin_of("https://[2001:db8::1]/KEY") == "https://[2001:db8::1]"


async def test_a_failure_names_the_origin_alone() -> None:
    async def resolve(_: str) -> Any:
        raise OSError("no such host")

    failed = await failure("https://rpc.example/SECRETKEY", Fetcher(resolve=resolve))
    assert "SECRETKEY" not in failed.failure.message
    assert "rpc.example" in failed.failure.message
