"""The settings of the worker: which network it polls, and how."""

from pydantic_settings import BaseSettings

from server.config.networks import MAX_SISTERS, NETWORK_NAME, Sisters
from server.config.sources import Source
from server.config.variables import Keys, Release, Seeds, setting

MAX_SEEDS = 256


class CollectingSettings(BaseSettings):
    """The network, its seeds, and the rules for what they report."""

    cache_ttl: int = setting(
        60, "a whole number of seconds from 5 to 3600", "Seconds between two polls of the seeds.", ge=5, le=3_600
    )
    ip_nodes: Seeds = setting(
        (),
        f"a comma list of 1 to {MAX_SEEDS} HOST or HOST:PORT",
        "The seeds: pNodes with a public pRPC, polled for the list of all others. Unset: the known seeds of NETWORK.",
        max_length=MAX_SEEDS,
    )
    network: str = setting(
        "devnet",
        "1 to 32 small letters, digits and -",
        "The monitored network: devnet, mainnet-alpha or trynet, or another one with IP_NODES. It is stored"
        " with every snapshot, and published.",
        pattern=NETWORK_NAME,
    )
    sister_deployments: Sisters = setting(
        (),
        f"a comma list of up to {MAX_SISTERS} NETWORK=URL, each network once and none of them NETWORK",
        "Deployments that serve other networks, such as mainnet-alpha=https://pnodes.example.org. They are"
        " published as links and never contacted.",
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
        "The latest release, instead of the one found from the online nodes. Unset: found from the online nodes.",
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
        "The maximum size of a seed's answer.",
        ge=2**16,
        le=2**28,
    )
    allow_private_seeds: bool = setting(
        default=False,
        expected="true or false",
        description="Whether seeds in private address ranges (10/8, 192.168/16, …) may be polled.",
    )
    probe_nodes: bool = setting(
        default=False,
        expected="true or false",
        description="Whether public nodes are probed directly, a few in each slot, for their version and uptime.",
    )
    probe_opt_out: Keys = setting(
        (),
        "a comma list of public keys",
        "Keys of nodes that are never probed.",
        max_length=1_000,
    )
    seed_discovery: bool = setting(
        default=False,
        expected="true or false; true needs PROBE_NODES",
        description="Whether up to 12 public nodes that answered a probe are also polled for their lists.",
    )
    credits_url: Source | None = setting(
        None,
        "an https:// URL, or http:// to this machine",
        "The URL that publishes the credits of this network's pods. Unset: credits are not fetched and stay unknown.",
    )
    solana_rpc_url: Source | None = setting(
        None,
        "an https:// URL, or http:// to this machine",
        "A Solana RPC node from which the registrations of pods on chain are fetched. Unset: they are not"
        " fetched and stay unknown.",
    )
    min_witnesses: int = setting(
        2,
        "a whole number from 1 to 64",
        "How many seeds must list a node before it counts in figures about the network. Applies from three"
        " answering seeds on.",
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
        "Seeds that need no confirmation: a node that one of them lists counts, even if no other seed lists it.",
        max_length=MAX_SEEDS,
    )
    max_newcomers: int = setting(
        200,
        "a whole number from 1 to 100000",
        "How many new nodes a seed may add in a cycle that too few other seeds list. It may have at most 50"
        " times as many that no other seed ever listed.",
        ge=1,
        le=100_000,
    )
    consistency_window_days: int = setting(
        7, "a whole number of days from 1 to 90", "The sliding window of the consistency score, in days.", ge=1, le=90
    )
