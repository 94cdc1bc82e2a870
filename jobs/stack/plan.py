"""What `pnodes up` runs for the given options: the network, the folder, and a program for each child. Pure."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jobs.stack.children import Program
from jobs.stack.dial_map import DIAL_MAP_VARIABLE
from server.process.leaving import MARGIN_SECONDS as LEAVING_SECONDS
from server.settings import BadSettings, Settings

SIMULATED = "simulated"
REPLAYED = "replayed"
STORES = "stores"
SIMULATOR = "simulator"
WORKER = "worker"
API = "api"
# A process that cannot stop ends by itself first, and its log says why.
MARGIN_SECONDS = 12.0
STORES_STOP_SECONDS = 45.0


class Wish(NamedTuple):
    """The options of the user. `simulate` is a number of nodes, `replay` a folder of recorded lists; at most one is
    set."""

    simulate: int | None = None
    replay: Path | None = None
    port: int | None = None
    data_dir: Path | None = None


class Plan(NamedTuple):
    """The plan that results from options and settings. `without` is the store, `mongo` or `redis`, that is not
    embedded.

    Simulated runs have their own network, folder and database, so that simulated nodes never mix with real ones.
    """

    network: str
    folder: Path
    database: str
    port: int
    invented: bool
    embedded: bool
    without: str | None = None

    @property
    def logs(self) -> Path:
        """Folder of the children's logs."""
        return self.folder / "logs"

    @property
    def dial_map(self) -> Path:
        """The dial map of simulated addresses. Only this user can read it."""
        return self.folder / "dial-map.json"


def plan_of(wish: Wish, settings: Settings) -> Plan:
    """Raises BadSettings if both a simulation and a replay are requested."""
    if wish.simulate is not None and wish.replay is not None:
        raise BadSettings(("--simulate and --replay: expected at most one of them",))
    invented = SIMULATED if wish.simulate is not None else REPLAYED if wish.replay is not None else None
    network = invented or settings.network
    return Plan(
        network=network,
        folder=(wish.data_dir or settings.data_dir).expanduser().resolve() / network,
        database=f"{settings.mongo_db}-{invented}" if invented else settings.mongo_db,
        port=wish.port or settings.port,
        invented=invented is not None,
        embedded=settings.mongo_uri is None or settings.redis_url is None,
        without="mongo" if settings.mongo_uri is not None else "redis" if settings.redis_url is not None else None,
    )


def stores(plan: Plan, environ: Mapping[str, str], ports: tuple[int, int] = (0, 0)) -> Program:
    """The embedded stores, on these ports (0: any). A restart must use the ports that the other children know."""
    mongo, redis = map(str, ports)
    place = str(plan.folder / STORES)
    without = () if plan.without is None else ("--without", plan.without)
    command = (*_module("jobs.stack.embedded"), place, "--mongo-port", mongo, "--redis-port", redis, *without)
    return Program(STORES, command, environ, announcing=True, stop_seconds=STORES_STOP_SECONDS)


def simulator(wish: Wish, settings: Settings, environ: Mapping[str, str]) -> Program:
    """The network on loopback."""
    what = (
        ("--replay", str(wish.replay), "--interval", str(settings.cache_ttl))
        if wish.replay is not None
        else ("--nodes", str(wish.simulate))
    )
    return Program(SIMULATOR, (*_module("jobs.simulate"), *what), environ, announcing=True)


def shared_environment(
    plan: Plan, settings: Settings, environ: Mapping[str, str], *, stores_at: Mapping[str, Any], seeds: tuple[str, ...]
) -> dict[str, str]:
    """The environment that worker and API share: where the stores are, and the name of the network."""
    mongo = settings.mongo if settings.mongo_uri else str(stores_at["mongo_uri"])
    redis = settings.redis if settings.redis_url else str(stores_at["redis_url"])
    return {
        **environ,
        "MONGO_URI": mongo,
        "MONGO_DB": plan.database,
        "REDIS_URL": redis,
        "NETWORK": plan.network,
        "IP_NODES": ",".join(seeds or settings.ip_nodes),
        "LOG_FORMAT": "json",
        # No load balancer is in front of this, so there is no need to wait for it to notice.
        "DRAIN_SECONDS": str(settings.drain_seconds) if "drain_seconds" in settings.model_fields_set else "0",
    }


def worker(plan: Plan, settings: Settings, environ: Mapping[str, str]) -> Program:
    """The collector. Only that of a simulated network receives the dial map."""
    flags, extra = (
        (("--simulated",), {DIAL_MAP_VARIABLE: str(plan.dial_map)}) if plan.invented else ((), dict[str, str]())
    )
    return Program(
        WORKER,
        (*_module("jobs.worker"), *flags),
        {**environ, **extra},
        stop_seconds=settings.shutdown_seconds + LEAVING_SECONDS + MARGIN_SECONDS,
    )


def api(plan: Plan, settings: Settings, environ: Mapping[str, str]) -> Program:
    """The web side."""
    return Program(
        API,
        (*_module("server"), "--port", str(plan.port)),
        environ,
        stop_seconds=settings.drain_seconds + settings.shutdown_seconds + LEAVING_SECONDS + MARGIN_SECONDS,
    )


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name)
