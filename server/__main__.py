"""`python -m server`: the API. On SIGTERM and SIGINT it stops cleanly: ready is 503, no new connections, exit 0."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from server import logs
from server.app import create_app
from server.config.exposure import ANY, ANY_PROXY
from server.config.ports import port_argument
from server.lifecycle import Lifecycle
from server.process.leaving import MARGIN_SECONDS, Leaving
from server.process.pool import Pool
from server.process.refusals import refusal_of
from server.process.statuses import BAD_USAGE, FAILED
from server.settings import BadSettings, Settings, load_settings
from server.stores import check_stores
from server.transport.connections import Connections, raise_file_limit, room_in
from server.transport.direct import http_class
from server.transport.forwarded import Forwarded
from server.transport.listener import inherited, listen

MAX_FRAME_BYTES = 65_536
# Longer than the idle timeout of common proxies, so that they close idle connections, never in the middle of a request.
KEEP_ALIVE_SECONDS = 75
# After open connections are abandoned, the time until the requests that still run for them are cancelled.
CANCEL_SECONDS = 1
# A process that cannot stop ends itself first and logs the reason. After this margin its parent kills it.
STOP_MARGIN_SECONDS = MARGIN_SECONDS + 2
MAX_DIGITS = 9  # of the number of a file descriptor, which the system bounds further


class Server(uvicorn.Server):
    """uvicorn with a drain before its shutdown, and exit status 0 after it."""

    def __init__(
        self,
        config: uvicorn.Config,
        lifecycle: Lifecycle,
        leaving: Leaving,
        *,
        drain_seconds: float,
        shutdown_seconds: float,
    ) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._leaving = leaving
        self._drain_seconds = drain_seconds
        self._shutdown_seconds = shutdown_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        lifecycle.on_fail(self._leave)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains; a second one stops at once."""
        self._leaving.begin()
        if self._loop is None or self._lifecycle.draining:
            self.should_exit = self.force_exit = True
            return
        self._lifecycle.drain()
        self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, self._leave)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Like uvicorn's method, but a client that does not read its last responses in time is abandoned, and its
        response is not cancelled."""
        leaving = asyncio.get_running_loop().call_later(self._shutdown_seconds, self._abort)
        try:
            await super().shutdown(sockets)
        finally:
            leaving.cancel()

    def _abort(self) -> None:
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()

    def _leave(self) -> None:
        self._leaving.begin()
        self._lifecycle.close()
        self.should_exit = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 after a clean stop, 1 if the address is taken or the server cannot continue, 2 for unusable settings or
    stores."""
    parser = argparse.ArgumentParser(
        prog="python -m server",
        description="Serve the API.",
        epilog="example: python -m server --host 0.0.0.0 --port 9000",
        allow_abbrev=False,
    )
    parser.add_argument("--host", help="address to listen on (default: HOST)")
    parser.add_argument("--port", type=port_argument, help="port to listen on (default: PORT)")
    parser.add_argument(
        "--fd", type=_descriptor, help="file descriptor of a socket that listens already, as a service manager gives"
    )
    parser.add_argument("--process", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        check_stores(settings)
    except BadSettings as bad:
        sys.stderr.write(f"{bad}\n")
        return BAD_USAGE
    logs.configure(level=settings.log_level, log_format=settings.log_format)
    host, port = options.host or settings.host, options.port or settings.port
    try:
        listener = listen(host, port) if options.fd is None else inherited(options.fd)
    except OSError as error:
        refusal = f"on {host}:{port}: {refusal_of(error)}; choose another with --port or PORT"
        if options.fd is not None:
            refusal = f"with file descriptor {options.fd}: {refusal_of(error)}"
        sys.stderr.write(f"cannot listen {refusal}\n")
        return FAILED
    if options.process is None and settings.web_concurrency > 1:
        return _serve_in_processes(settings, listener)
    return _serve(settings, listener, Lifecycle(options.process))


def _descriptor(text: str) -> int:
    """The number of a file descriptor, for a command line."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r}: expected the number of a file descriptor")
    return int(text)


def _serve_in_processes(settings: Settings, listener: socket.socket) -> int:
    """Serve with several processes that share the socket. Each connection goes to the process that accepts it first."""
    fd = listener.fileno()

    def command(number: int) -> tuple[str, ...]:
        return (sys.executable, "-m", "server", "--fd", str(fd), "--process", str(number))

    stop_seconds = settings.drain_seconds + settings.shutdown_seconds + CANCEL_SECONDS + STOP_MARGIN_SECONDS
    pool = Pool(command, settings.web_concurrency, pass_fds=(fd,), stop_seconds=stop_seconds)
    return asyncio.run(pool.run())


def _serve(settings: Settings, listener: socket.socket, lifecycle: Lifecycle) -> int:
    in_all = settings.max_connections or room_in(raise_file_limit())
    admitted = Connections(settings.max_connections_per_address or None, in_all)
    edge = create_app(settings, lifecycle, admitted)
    app: ASGIApp = edge
    if settings.forwarded_allow_ips:
        app = Forwarded(app, settings.forwarded_allow_ips)
    config = uvicorn.Config(
        app,
        lifespan="on",
        http=http_class(admitted, edge.known if settings.direct_answers else None, edge.has_time),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `Forwarded` takes its place
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds + CANCEL_SECONDS,
    )
    host, port = listener.getsockname()[:2]
    log = logs.get_logger("server")
    if ANY in settings.forwarded_allow_ips:
        log.warning("proxies.any", setting="FORWARDED_ALLOW_IPS=*", means=ANY_PROXY)
    log.info("api.listening", host=host, port=port, network=settings.network)
    drain, shutdown = settings.drain_seconds, settings.shutdown_seconds
    leaving = Leaving(drain + shutdown + CANCEL_SECONDS)
    Server(config, lifecycle, leaving, drain_seconds=drain, shutdown_seconds=shutdown).run(sockets=[listener])
    if lifecycle.refusal is not None:
        sys.stderr.write(f"{lifecycle.refusal}\n")
        return BAD_USAGE
    if lifecycle.failure is not None:
        log.critical("api.gave_up", reason=lifecycle.failure)
        return FAILED
    log.info("api.stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
