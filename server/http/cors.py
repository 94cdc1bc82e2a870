"""CORS: any origin may read every response, without credentials, because the data are public and no response depends on
cookies."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

ALLOW_ORIGIN = (b"access-control-allow-origin", b"*")
ON_EVERY_ANSWER = [
    ALLOW_ORIGIN,
    (b"access-control-expose-headers", b"ETag, Retry-After, X-Request-Id"),
    (b"x-content-type-options", b"nosniff"),
]
"""Headers of every response, including errors. Without the first one, browsers hide the response from other origins."""
PREFLIGHT_SECONDS = 86_400


class Preflights(CORSMiddleware):
    """ASGI middleware that answers preflight requests of browsers."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
            allow_headers=["*"],
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] == "http" and scope["method"] == "OPTIONS"
        await (super().__call__ if asks else self.app)(scope, receive, send)
