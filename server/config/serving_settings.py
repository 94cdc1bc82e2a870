"""The settings of the API."""

from pydantic_settings import BaseSettings

from server.config.exposure import Host, Origins, Proxies, RootPath
from server.config.ports import MAX_PORT
from server.config.variables import setting


class ServingSettings(BaseSettings):
    """Where the API listens, and what its clients may use."""

    host: Host = setting(
        "127.0.0.1",
        "an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::",
        "The address that the API listens on: 0.0.0.0 for all of IPv4, :: for all of IPv6 and IPv4.",
        pattern=r"^[0-9A-Za-z:.-]{1,253}$",
    )
    port: int = setting(8000, "a port from 1 to 65535", "The port that the API listens on.", ge=1, le=MAX_PORT)
    web_concurrency: int = setting(
        1,
        "a whole number from 1 to 64",
        "The number of API processes that share the port. Limits and memory apply to each process.",
        ge=1,
        le=64,
    )
    root_path: RootPath = setting(
        "",
        "a path such as /pnodes, or nothing",
        "The prefix of every path for clients, if a proxy serves the API under its own path.",
        max_length=256,
    )
    allowed_origins: Origins = setting(
        (),
        "a comma list of origins such as https://example.org, or *",
        "Browser origins that may open a WebSocket. Unset or *: any, because the data is public.",
        max_length=64,
    )
    max_connections: int | None = setting(
        None,
        "a whole number from 64 to 1000000",
        "The maximum number of connections, for each process. Unset: as many as the limit on open files"
        " allows, at most 10000.",
        ge=64,
        le=1_000_000,
    )
    max_connections_per_address: int = setting(
        0,
        "a whole number from 0 (off) to 100000",
        "The maximum number of connections from one client address (IPv6: one /64). Leave it off behind a proxy.",
        ge=0,
        le=100_000,
    )
    max_sockets: int = setting(
        2_000,
        "a whole number from 1 to 100000",
        "The maximum number of open WebSockets and event streams, for each process.",
        ge=1,
        le=100_000,
    )
    max_sockets_per_address: int = setting(
        1_000,
        "a whole number from 1 to 100000",
        "The maximum number of open WebSockets and event streams from one client address (IPv6: one /64).",
        ge=1,
        le=100_000,
    )
    response_cache_bytes: int = setting(
        32 * 2**20,
        "a whole number of bytes from 0 (off) to 1073741824",
        "Memory for cached responses, which are kept until the next snapshot, for each process.",
        ge=0,
        le=2**30,
    )
    direct_answers: bool = setting(
        default=True,
        expected="true or false",
        description="Whether cached responses, and short operations, are answered before a request becomes an ASGI scope.",
    )
    graphql_compiled: bool = setting(
        default=True,
        expected="true or false",
        description="Whether GraphQL operations are compiled. If false, graphql-core executes all of them.",
    )
    rate_limit: int = setting(
        0,
        "a whole number from 0 (off) to 100000000",
        "The cost per minute and client address (IPv6: one /64) for GraphQL and REST, including refused"
        " requests. Cached responses are free.",
        ge=0,
        le=100_000_000,
    )
    forwarded_allow_ips: Proxies = setting(
        (),
        "a comma list of addresses or networks of proxies, or *",
        "Proxies whose X-Forwarded-For is trusted: the right-most hop that is not one of them is the client."
        " Unset: none.",
        max_length=64,
    )
    drain_seconds: float = setting(
        1.0,
        "seconds from 0 to 60",
        "How long `/health/ready` answers 503 before the API stops accepting connections.",
        ge=0,
        le=60,
    )
    shutdown_seconds: int = setting(
        10,
        "a whole number of seconds from 1 to 300",
        "How long running requests, or a running cycle, may take after a stop is requested.",
        ge=1,
        le=300,
    )
