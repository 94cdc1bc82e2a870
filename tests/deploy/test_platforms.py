"""The platform files have only documented keys, and every process is present and probed.

Compose, Railway, Render, Fly.io and Heroku themselves were not available in development.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from server.settings import Settings
from tests.processes import REPOSITORY

READY = "/health/ready"
WORKER = "python -m jobs.worker"
SETTINGS = {name.upper() for name in Settings.model_fields}


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


COMPOSE: Mapping[str, Any] = yaml.safe_load(text("compose.yaml"))
RENDER: Mapping[str, Any] = yaml.safe_load(text("render.yaml"))
HEROKU: Mapping[str, Any] = yaml.safe_load(text("heroku.yml"))
FLY: Mapping[str, Any] = tomllib.loads(text("fly.toml"))
APP: Mapping[str, Any] = json.loads(text("app.json"))
RAILWAY = {name: json.loads(text(name)) for name in ("railway.json", "deploy/railway/worker.json")}

SERVICE_KEYS = {
    *("build", "image", "env_file", "environment", "depends_on", "restart", "read_only", "tmpfs", "cap_drop", "ports"),
    *("security_opt", "stop_grace_period", "command", "volumes", "healthcheck", "profiles"),
}
"""The used keys of a service in the Compose specification."""
RAILWAY_KEYS = {
    *("startCommand", "healthcheckPath", "healthcheckTimeout", "restartPolicyType", "restartPolicyMaxRetries"),
    *("numReplicas", "drainingSeconds", "overlapSeconds", "preDeployCommand", "sleepApplication", "region"),
}
RENDER_KEYS = {
    *("type", "name", "runtime", "plan", "healthCheckPath", "maxShutdownDelaySeconds", "envVars", "dockerCommand"),
    *("maxmemoryPolicy", "ipAllowList", "region", "branch", "numInstances"),
}
FLY_KEYS = {
    *("app", "primary_region", "kill_signal", "kill_timeout", "build", "env", "processes", "http_service", "vm"),
    *("checks", "deploy", "mounts", "services"),
}
APP_KEYS = {
    *("name", "description", "keywords", "stack", "formation", "addons", "env", "repository", "website", "logo"),
    *("scripts", "buildpacks", "environments", "success_url"),
}


def test_compose_has_the_documented_keys() -> None:
    assert set(COMPOSE) - {"x-pnodes"} == {"name", "services", "volumes"}
    assert set(COMPOSE["services"]) == {"api", "worker", "mongo", "valkey", "nginx"}
    for name, service in COMPOSE["services"].items():
        assert set(service) <= SERVICE_KEYS, name
    assert set(COMPOSE["volumes"]) == {"mongo", "valkey"}


def test_compose_starts_ours_once_the_stores_are_healthy() -> None:
    services = COMPOSE["services"]
    for name in ("api", "worker"):
        assert services[name]["depends_on"] == {
            "mongo": {"condition": "service_healthy"},
            "valkey": {"condition": "service_healthy"},
        }
        assert (services[name]["read_only"], services[name]["cap_drop"]) == (True, ["ALL"])
    assert services["worker"]["command"] == WORKER.split()
    assert services["mongo"]["image"] == "mongo:8"
    assert services["mongo"]["command"][:2] == ["--replSet", "rs0"]
    assert "replicaSet=rs0" in services["api"]["environment"]["MONGO_URI"]
    assert all("healthcheck" in services[name] for name in ("mongo", "valkey"))


def test_what_compose_keeps_is_in_volumes_and_what_it_mounts_is_there() -> None:
    services = COMPOSE["services"]
    assert services["mongo"]["volumes"] == ["mongo:/data/db"]
    assert services["valkey"]["volumes"] == ["valkey:/data"]
    for mount in services["nginx"]["volumes"]:
        assert (REPOSITORY / mount.partition(":")[0]).is_file(), mount
    assert services["nginx"]["profiles"] == ["nginx"]


@pytest.mark.parametrize("name", RAILWAY)
def test_railway_has_the_documented_keys(name: str) -> None:
    found = RAILWAY[name]
    assert set(found) == {"$schema", "build", "deploy"}
    assert found["build"] == {"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"}
    assert set(found["deploy"]) <= RAILWAY_KEYS
    assert found["deploy"]["restartPolicyType"] in {"ON_FAILURE", "ALWAYS", "NEVER"}


def test_railway_probes_the_web_side_and_starts_the_worker() -> None:
    assert RAILWAY["railway.json"]["deploy"]["healthcheckPath"] == READY
    assert RAILWAY["deploy/railway/worker.json"]["deploy"]["startCommand"] == WORKER


def test_render_has_the_documented_keys_and_all_three_services() -> None:
    assert [(each["type"], each["name"]) for each in RENDER["services"]] == [
        ("web", "pnodes-web"),
        ("worker", "pnodes-worker"),
        ("keyvalue", "pnodes-queue"),
    ]
    web, worker, queue = RENDER["services"]
    for service in RENDER["services"]:
        assert set(service) <= RENDER_KEYS
    assert (web["healthCheckPath"], worker["dockerCommand"]) == (READY, WORKER)
    assert (queue["maxmemoryPolicy"], queue["ipAllowList"]) == ("noeviction", [])


def test_fly_has_the_documented_keys_and_both_processes() -> None:
    assert set(FLY) <= FLY_KEYS
    assert FLY["processes"] == {"web": "python -m server", "worker": WORKER}
    assert [check["path"] for check in FLY["http_service"]["checks"]] == [READY]
    assert str(FLY["http_service"]["internal_port"]) == FLY["env"]["PORT"]


def test_heroku_has_the_documented_keys_and_both_processes() -> None:
    assert set(APP) <= APP_KEYS
    assert (APP["stack"], set(APP["formation"])) == ("container", {"web", "worker"})
    assert APP["env"]["MONGO_URI"]["required"] is True
    assert HEROKU["build"] == {"docker": {"web": "Dockerfile"}}
    assert HEROKU["run"] == {"worker": {"command": [WORKER], "image": "web"}}
    assert [line.partition(":")[0] for line in text("Procfile").splitlines()] == ["web", "worker"]


def given() -> Iterator[tuple[str, str]]:
    """Each variable that a file sets, with the name of the file."""
    for name, service in COMPOSE["services"].items():
        yield from ((f"compose.yaml {name}", variable) for variable in service.get("environment", {}))
    for service in RENDER["services"]:
        yield from (("render.yaml", variable["key"]) for variable in service.get("envVars", []))
    yield from (("fly.toml", variable) for variable in FLY["env"])
    yield from (("app.json", variable) for variable in APP["env"])


@pytest.mark.parametrize(("place", "variable"), sorted(set(given())))
def test_each_variable_is_one_of_our_settings(place: str, variable: str) -> None:
    assert variable in SETTINGS, place
