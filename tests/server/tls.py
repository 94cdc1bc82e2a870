"""A TLS server with a certificate for `other.example`, which serves nothing."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "tls"
CERTIFICATE = DATA / "certificate.pem"
HOST_OF_CERTIFICATE = "other.example"


@contextlib.asynccontextmanager
async def tls_server() -> AsyncGenerator[int]:
    """The port of loopback on which it listens. It disconnects a client after the handshake."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, DATA / "key.pem")

    async def leave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(leave, "127.0.0.1", 0, ssl=context)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
