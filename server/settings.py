"""What an operator can set, by environment variable or in `.env`. An empty value means the default.

Read by composition roots alone (`load_settings`); everything else gets plain values as arguments.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.config.env_file import BadEnvFile, read_env_file
from server.config.exposure import Host, Origins, Proxies, RootPath
from server.config.networks import DEVNET, MAX_SISTERS, NETWORK_NAME, Sisters, seeds_of_network, sister_of
from server.config.problems import problem_of
from server.config.sources import Source
from server.config.variables import Keys, LowerCase, MongoUri, RedisUrl, Release, Seeds, refuse_quotes, setting

LOCAL_MONGO_URI = "mongodb://127.0.0.1:27017"
LOCAL_REDIS_URL = "redis://127.0.0.1:6379/0"
MAX_SEEDS = 256
MAX_PORT = 65_535
ENV_FILE = Path(".env")


class BadSettings(Exception):
    """The configuration cannot be used; `problems` says why, a line for each variable."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Everything that can be set. Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    mongo_uri: MongoUri | None = setting(
        None,
        "mongodb://… or mongodb+srv://…",
        f"Where MongoDB is. Unset: `pnodes up` starts its own try-it store; web and worker alone use {LOCAL_MONGO_URI}.",
    )
    mongo_db: str = setting(
        "xandeum-monitor",
        "a database name of 1 to 50 letters, digits, - and _",
        "Database in it.",
        pattern=r"^[A-Za-z0-9_-]{1,50}$",
    )
    redis_url: RedisUrl | None = setting(
        None,
        "redis://…, rediss://… or unix://…",
        f"Where Redis or Valkey is. Unset: `pnodes up` starts its own; web and worker alone use {LOCAL_REDIS_URL}.",
    )
    cache_ttl: int = setting(
        60, "a whole number of seconds from 5 to 3600", "Seconds between two polls of the seeds.", ge=5, le=3_600
    )
    ip_nodes: Seeds = setting(
        (),
        f"a comma list of 1 to {MAX_SEEDS} HOST or HOST:PORT",
        "The seeds: pNodes with a public pRPC, asked for the list of all others. Unset: those that are known of NETWORK.",
        max_length=MAX_SEEDS,
    )
    network: str = setting(
        "devnet",
        "1 to 32 small letters, digits and -",
        "The network that is watched: devnet, mainnet-alpha or trynet, or another one with IP_NODES. It is stored with"
        " every snapshot, and published.",
        pattern=NETWORK_NAME,
    )
    sister_deployments: Sisters = setting(
        (),
        f"a comma list of up to {MAX_SISTERS} NETWORK=URL, each network once and none of them NETWORK",
        "Deployments that serve other networks, such as mainnet-alpha=https://pnodes.example.org. They are published as"
        " links; nothing is asked of them.",
        max_length=MAX_SISTERS,
    )
    liveness_grace_seconds: int | None = setting(
        None,
        "a whole number of seconds, at least CACHE_TTL",
        "How long after its last proof of life a node counts as online. Unset: max(3 × CACHE_TTL, 120).",
        ge=5,
        le=86_400,
    )
    latest_version: Release | None = setting(
        None,
        "a version such as 0.8.0",
        "The latest release, where the network's own word is not to be used. Unset: found from the online nodes.",
    )
    latest_version_min_share: float = setting(
        0.05,
        "a share from 0 to 1",
        "The share of online nodes that must run a release before it can count as the latest.",
        ge=0,
        le=1,
    )
    rpc_max_body_bytes: int = setting(
        8 * 2**20,
        "a whole number of bytes from 65536 to 268435456",
        "The largest answer of a seed that is read.",
        ge=2**16,
        le=2**28,
    )
    allow_private_seeds: bool = setting(
        default=False,
        expected="true or false",
        description="Whether seeds in private address ranges (10/8, 192.168/16, …) may be asked.",
    )
    probe_nodes: bool = setting(
        default=False,
        expected="true or false",
        description="Whether public nodes are asked directly, a few in each slot, for their version and uptime.",
    )
    probe_opt_out: Keys = setting(
        (),
        "a comma list of public keys",
        "Keys of nodes that are never asked directly.",
        max_length=1_000,
    )
    seed_discovery: bool = setting(
        default=False,
        expected="true or false; true needs PROBE_NODES",
        description="Whether up to 12 public nodes that answered a probe are asked for their lists too.",
    )
    credits_url: Source | None = setting(
        None,
        "an https:// URL, or http:// to this machine",
        "Where the credits of this network's pods are published. Unset: nothing is asked, and nothing is known of credits.",
    )
    solana_rpc_url: Source | None = setting(
        None,
        "an https:// URL, or http:// to this machine",
        "A Solana RPC node that is asked for the registrations of pods on chain. Unset: nothing is asked, and nothing is"
        " known of them.",
    )
    min_witnesses: int = setting(
        2,
        "a whole number from 1 to 64",
        "How many seeds must list a node for it to count in what is said of the network; from three answering seeds on.",
        ge=1,
        le=64,
    )
    recommend_max_per_group: int = setting(
        3,
        "a whole number from 1 to 100",
        "How many nodes of one neighbourhood (/24 or /48) one answer recommends by policy 2.0.",
        ge=1,
        le=100,
    )
    trusted_seeds: Seeds = setting(
        (),
        f"a comma list of up to {MAX_SEEDS} HOST or HOST:PORT, as in IP_NODES",
        "Seeds that need nobody beside them: what they alone list counts too.",
        max_length=MAX_SEEDS,
    )
    max_newcomers: int = setting(
        200,
        "a whole number from 1 to 100000",
        "How many new nodes a seed may bring in a cycle that too few other seeds list; 50 times as many that no other seed ever"
        " listed.",
        ge=1,
        le=100_000,
    )
    consistency_window_days: int = setting(
        7, "a whole number of days from 1 to 90", "Sliding window of the consistency score.", ge=1, le=90
    )
    raw_retention_hours: int = setting(
        48, "a whole number of hours from 1 to 8760", "How long every slot is kept whole.", ge=1, le=8_760
    )
    m5_retention_days: int = setting(
        14, "a whole number of days from 1 to 3650", "How long 5-minute buckets are kept.", ge=1, le=3_650
    )
    h1_retention_days: int = setting(
        90,
        "a whole number of days from 1 to 3650, at least M5_RETENTION_DAYS",
        "How long hourly buckets, and the last snapshot of each hour, are kept. Daily buckets stay for good.",
        ge=1,
        le=3_650,
    )
    events_retention_days: int = setting(
        90, "a whole number of days from 1 to 3650", "How long the log of events is kept.", ge=1, le=3_650
    )
    offline_retention_days: int = setting(
        30,
        "a whole number of days from 1 to 3650",
        "After how long an offline node leaves the snapshots; the registry keeps it.",
        ge=1,
        le=3_650,
    )
    host: Host = setting(
        "127.0.0.1",
        "an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::",
        "Address that the API listens on: 0.0.0.0 for all of IPv4, :: for all of IPv6 and IPv4.",
        pattern=r"^[0-9A-Za-z:.-]{1,253}$",
    )
    port: int = setting(8000, "a port from 1 to 65535", "Port that the API listens on.", ge=1, le=MAX_PORT)
    web_concurrency: int = setting(
        1,
        "a whole number from 1 to 64",
        "Processes of the API that share the port. Limits and memory count for each process.",
        ge=1,
        le=64,
    )
    root_path: RootPath = setting(
        "",
        "a path such as /pnodes, or nothing",
        "What clients put in front of every path, where a proxy serves the API under a path of its own.",
        max_length=256,
    )
    allowed_origins: Origins = setting(
        (),
        "a comma list of origins such as https://example.org, or *",
        "Browser origins that may open a WebSocket. Unset or *: any, as the data are public.",
        max_length=64,
    )
    max_connections: int | None = setting(
        None,
        "a whole number from 64 to 1000000",
        "Connections of all clients together, for each process. Unset: what the limit on open files leaves, 10000 at most.",
        ge=64,
        le=1_000_000,
    )
    max_connections_per_address: int = setting(
        0,
        "a whole number from 0 (off) to 100000",
        "Connections that one client address (IPv6: one /64) may hold. Leave it off behind a proxy.",
        ge=0,
        le=100_000,
    )
    max_sockets: int = setting(
        2_000,
        "a whole number from 1 to 100000",
        "WebSockets and event streams that may be open at once, for each process.",
        ge=1,
        le=100_000,
    )
    max_sockets_per_address: int = setting(
        1_000,
        "a whole number from 1 to 100000",
        "WebSockets and event streams that one client address (IPv6: one /64) may open.",
        ge=1,
        le=100_000,
    )
    response_cache_bytes: int = setting(
        32 * 2**20,
        "a whole number of bytes from 0 (off) to 1073741824",
        "Memory for answers that are kept as bytes until the next snapshot, for each process.",
        ge=0,
        le=2**30,
    )
    graphql_compiled: bool = setting(
        default=True,
        expected="true or false",
        description="Whether GraphQL operations are compiled; false leaves all of them to graphql-core.",
    )
    rate_limit: int = setting(
        0,
        "a whole number from 0 (off) to 100000000",
        "Cost per minute and client address (IPv6: one /64), of GraphQL and REST, and of what is refused; kept answers are free.",
        ge=0,
        le=100_000_000,
    )
    forwarded_allow_ips: Proxies = setting(
        (),
        "a comma list of addresses or networks of proxies, or *",
        "Proxies whose X-Forwarded-For is believed: the right-most hop that is none of them is the client. Unset: none.",
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
        "How long requests, or a cycle, that are under way at a stop may still take.",
        ge=1,
        le=300,
    )
    data_dir: Path = setting(
        Path("data"), "a folder", "Folder of the stores that `pnodes up` starts, and of their logs."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], LowerCase] = setting(
        "info", "debug, info, warning or error", "The least severe line that is logged."
    )
    log_format: Annotated[Literal["auto", "json", "console"], LowerCase] = setting(
        "auto", "auto, json or console", "auto: for people on a terminal, JSON elsewhere."
    )
    access_log_sample: int = setting(
        100,
        "a whole number from 0 (none) to 1000000",
        "One in so many requests is logged; errors and slow requests always are.",
        ge=0,
        le=1_000_000,
    )
    slow_request_ms: int = setting(
        1_000, "a whole number of milliseconds from 1 to 600000", "From when a request is slow.", ge=1, le=600_000
    )

    @model_validator(mode="before")
    @classmethod
    def _blank_means_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        given = {name: value for name, value in trimmed.items() if value != ""}
        network = given.get("network", DEVNET)
        if "ip_nodes" not in given and isinstance(network, str):
            # A network that nobody knows has no seeds, and never gets those of another one.
            known = seeds_of_network(network)
            given |= {"ip_nodes": known} if known else {}
        return given

    @field_validator("*", mode="before")
    @classmethod
    def _without_quotes(cls, value: object) -> object:
        return refuse_quotes(value)

    @field_validator("ip_nodes", mode="before")
    @classmethod
    def _with_a_seed(cls, value: object) -> object:
        """What is given names a seed; only a network that nobody knows has none."""
        if isinstance(value, str) and not value.replace(",", " ").strip():
            raise ValueError("no seed is named")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.liveness_grace_seconds is not None and self.liveness_grace_seconds < self.cache_ttl:
            raise ValueError(
                f"LIVENESS_GRACE_SECONDS={self.liveness_grace_seconds}: expected at least CACHE_TTL ({self.cache_ttl}), "
                "or every node would be lost between two polls"
            )
        if self.seed_discovery and not self.probe_nodes:
            raise ValueError("SEED_DISCOVERY=true: expected PROBE_NODES=true too, as only probed nodes are promoted")
        if self.network in self.sisters:
            raise ValueError(
                f"SISTER_DEPLOYMENTS={self.network}=…: expected networks other than NETWORK, which is served here"
            )
        if self.h1_retention_days < self.m5_retention_days:
            raise ValueError(
                f"H1_RETENTION_DAYS={self.h1_retention_days}: expected at least M5_RETENTION_DAYS ({self.m5_retention_days})"
            )
        return self

    @property
    def mongo(self) -> str:
        """The URI of MongoDB, with its password."""
        return self.mongo_uri.get_secret_value() if self.mongo_uri else LOCAL_MONGO_URI

    @property
    def redis(self) -> str:
        """The URL of Redis, with its password."""
        return self.redis_url.get_secret_value() if self.redis_url else LOCAL_REDIS_URL

    @property
    def sisters(self) -> dict[str, str]:
        """The URLs of deployments that serve other networks, by network."""
        return dict(sister_of(text) for text in self.sister_deployments)

    @property
    def grace_seconds(self) -> int:
        """How long after its last proof of life a node counts as online, in seconds."""
        return self.liveness_grace_seconds or max(3 * self.cache_ttl, 120)


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings of this process. Raises BadSettings with a line for each variable that cannot be used."""
    in_file = read_settings_file(env_file) if env_file else {}
    in_environment = {name.lower() for name, value in os.environ.items() if value.strip()}
    # An argument goes before the environment, so that only what is not set there may be one.
    given = {name: value for name, value in in_file.items() if name not in in_environment}
    try:
        return Settings(**cast("dict[str, Any]", given))
    except ValidationError as refused:
        raise BadSettings(
            tuple(problem_of(error, expected_of) for error in refused.errors(include_url=False))
        ) from None


def read_settings_file(env_file: Path) -> dict[str, str]:
    """What the lines of a file set, by the names of fields; other names as they are. Raises BadSettings."""
    try:
        return {name.lower(): value for name, value in read_env_file(env_file).items()}
    except BadEnvFile as bad:
        raise BadSettings((str(bad),)) from None


def expected_of(name: str) -> str:
    """What a setting accepts, as the end of "NAME=value: expected …". `name` is the field's."""
    extra = cast("Mapping[str, str]", Settings.model_fields[name].json_schema_extra)
    return extra["expected"]
