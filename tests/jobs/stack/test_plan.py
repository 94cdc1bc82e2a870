"""From the user's options to the programs that run. Real and invented data never mix."""

from pathlib import Path
from typing import Any

import pytest

from jobs.stack import plan as plans
from jobs.stack.dial_map import DIAL_MAP_VARIABLE
from jobs.stack.plan import Plan, Wish, plan_of
from server.settings import BadSettings, Settings

STORES_AT = {"mongo_uri": "mongodb://127.0.0.1:40001/", "redis_url": "redis://127.0.0.1:40002/0"}


def _settings(**values: Any) -> Settings:
    return Settings(**values)


def _shared(plan: Plan, settings: Settings, *, seeds: tuple[str, ...] = ()) -> dict[str, str]:
    return plans.shared_environment(plan, settings, {"PATH": "/bin"}, stores_at=STORES_AT, seeds=seeds)


def test_a_real_run_uses_the_network_and_the_database_as_set() -> None:
    plan = plan_of(Wish(), _settings(network="mainnet", data_dir=Path("/d")))
    assert plan == Plan("mainnet", Path("/d/mainnet"), "xandeum-monitor", 8000, invented=False, embedded=True)


@pytest.mark.parametrize(("wish", "network"), [(Wish(simulate=9), "simulated"), (Wish(replay=Path("x")), "replayed")])
def test_an_invented_run_has_network_folder_and_database_of_its_own(wish: Wish, network: str) -> None:
    plan = plan_of(wish, _settings(data_dir=Path("/d")))
    assert plan == Plan(network, Path(f"/d/{network}"), f"xandeum-monitor-{network}", 8000, True, True)
    assert _shared(plan, _settings())["NETWORK"] == network


def test_the_wish_goes_before_the_settings() -> None:
    plan = plan_of(Wish(port=9000, data_dir=Path("/e")), _settings(port=8080, data_dir=Path("/d")))
    assert (plan.port, plan.folder) == (9000, Path("/e/devnet"))


def test_both_inventions_at_once_are_refused() -> None:
    with pytest.raises(BadSettings, match="--simulate and --replay: expected at most one of them"):
        plan_of(Wish(simulate=1, replay=Path("x")), _settings())


@pytest.mark.parametrize(
    ("values", "embedded", "mongo", "redis"),
    [
        ({}, True, STORES_AT["mongo_uri"], STORES_AT["redis_url"]),
        ({"mongo_uri": "mongodb://db/"}, True, "mongodb://db/", STORES_AT["redis_url"]),
        ({"redis_url": "redis://cache"}, True, STORES_AT["mongo_uri"], "redis://cache"),
        ({"mongo_uri": "mongodb://db/", "redis_url": "redis://cache"}, False, "mongodb://db/", "redis://cache"),
    ],
)
def test_given_stores_are_used(values: dict[str, str], embedded: bool, mongo: str, redis: str) -> None:
    settings = _settings(**values)
    plan = plan_of(Wish(), settings)
    shared = _shared(plan, settings)
    assert (plan.embedded, shared["MONGO_URI"], shared["REDIS_URL"]) == (embedded, mongo, redis)


@pytest.mark.parametrize(("values", "seconds"), [({}, "0"), ({"drain_seconds": 3}, "3.0")])
def test_nobody_is_drained_for_unless_that_is_set_in_any_way(values: dict[str, Any], seconds: str) -> None:
    settings = _settings(**values)
    assert _shared(plan_of(Wish(), settings), settings)["DRAIN_SECONDS"] == seconds


def test_only_the_worker_of_an_invented_network_sees_the_dial_map() -> None:
    settings = _settings()
    for wish, seen in ((Wish(), False), (Wish(simulate=9), True)):
        plan = plan_of(wish, settings)
        shared = _shared(plan, settings, seeds=("45.1.2.3",))
        worker, api = plans.worker(plan, settings, shared), plans.api(plan, settings, shared)
        assert (DIAL_MAP_VARIABLE in worker.env) is seen
        assert ("--simulated" in worker.command) is seen
        assert DIAL_MAP_VARIABLE not in api.env
        assert "--simulated" not in api.command


def test_a_restart_of_the_stores_comes_back_to_their_ports() -> None:
    program = plans.stores(plan_of(Wish(), _settings()), {}, (40_001, 40_002))
    assert program.command[-4:] == ("--mongo-port", "40001", "--redis-port", "40002")


def test_the_simulator_is_told_what_was_wished_for() -> None:
    settings = _settings(cache_ttl=90)
    assert plans.simulator(Wish(simulate=30), settings, {}).command[-2:] == ("--nodes", "30")
    assert plans.simulator(Wish(replay=Path("lists")), settings, {}).command[-4:] == (
        "--replay",
        "lists",
        "--interval",
        "90",
    )


def test_programs_may_take_as_long_to_stop_as_the_settings_say() -> None:
    settings = _settings(shutdown_seconds=60)
    plan = plan_of(Wish(), settings)
    assert plans.worker(plan, settings, {}).stop_seconds > 60
    assert plans.api(plan, settings, {}).stop_seconds > 60


@pytest.mark.parametrize(
    ("values", "without"),
    [({}, []), ({"mongo_uri": "mongodb://db/"}, ["mongo"]), ({"redis_url": "redis://cache"}, ["redis"])],
)
def test_a_store_that_is_given_is_not_started(values: dict[str, str], without: list[str]) -> None:
    command = plans.stores(plan_of(Wish(), _settings(**values)), {}).command
    assert list(command[command.index("--without") + 1 :] if "--without" in command else []) == without
