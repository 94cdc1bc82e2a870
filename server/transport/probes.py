"""A full server answers probes, and asks all other clients to try again later."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROBES = ("/health", "/health/live", "/health/ready")
RETRY_SECONDS = 5
_BODY = b'{"detail":"the server has reached its limit of connections, try again in %d s"}' % RETRY_SECONDS


class ProbesOnly:
    """ASGI middleware for one connection, which ends after its first answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        if scope["path"].rstrip("/").endswith(PROBES):
            await self._app(scope, receive, send_last)
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(_BODY)),
            (b"cache-control", b"no-store"),
            (b"access-control-allow-origin", b"*"),
            (b"retry-after", b"%d" % RETRY_SECONDS),
        ]
        await send_last(
            {"type": "http.response.start", "status": int(HTTPStatus.SERVICE_UNAVAILABLE), "headers": headers}
        )
        await send({"type": "http.response.body", "body": _BODY})
