"""The operator's settings, from environment variables or `.env`. An empty value means the default.

Only composition roots read them (`load_settings`). All other code receives plain values as arguments.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, cast

from pydantic import ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from server.config.collecting_settings import CollectingSettings
from server.config.env_file import BadEnvFile, read_env_file
from server.config.history_settings import HistorySettings
from server.config.log_settings import LogSettings
from server.config.networks import DEVNET, seeds_of_network, sister_of
from server.config.problems import problem_of
from server.config.serving_settings import ServingSettings
from server.config.store_settings import LOCAL_MONGO_URI, LOCAL_REDIS_URL, StoreSettings
from server.config.variables import refuse_quotes

ENV_FILE = Path(".env")


class BadSettings(Exception):
    """The configuration cannot be used. `problems` has one line for each invalid variable."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(LogSettings, ServingSettings, HistorySettings, CollectingSettings, StoreSettings):
    """All settings. Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @model_validator(mode="before")
    @classmethod
    def _blank_means_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        given = {name: value for name, value in trimmed.items() if value != ""}
        network = given.get("network", DEVNET)
        if "ip_nodes" not in given and isinstance(network, str):
            # An unknown network has no default seeds, and never gets those of another network.
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
        """A value must name at least one seed. Only an unknown network may have none."""
        if isinstance(value, str) and not value.replace(",", " ").strip():
            raise ValueError("it names no seed")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.liveness_grace_seconds is not None and self.liveness_grace_seconds < self.cache_ttl:
            raise ValueError(
                f"LIVENESS_GRACE_SECONDS={self.liveness_grace_seconds}: expected at least CACHE_TTL ({self.cache_ttl}), "
                "otherwise every node goes offline between two polls"
            )
        if self.seed_discovery and not self.probe_nodes:
            raise ValueError(
                "SEED_DISCOVERY=true: expected PROBE_NODES=true too, because only probed nodes are promoted"
            )
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


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings of this process. Raises BadSettings with one line for each invalid variable."""
    in_file = read_settings_file(env_file) if env_file else {}
    in_environment = {name.lower() for name, value in os.environ.items() if value.strip()}
    # Arguments take precedence over the environment, so only variables that are not set there are passed.
    given = {name: value for name, value in in_file.items() if name not in in_environment}
    try:
        return Settings(**cast("dict[str, Any]", given))
    except ValidationError as refused:
        raise BadSettings(
            tuple(problem_of(error, expected_of) for error in refused.errors(include_url=False))
        ) from None


def read_settings_file(env_file: Path) -> dict[str, str]:
    """The variables in a file, by field name; unknown names unchanged. Raises BadSettings."""
    try:
        return {name.lower(): value for name, value in read_env_file(env_file).items()}
    except BadEnvFile as bad:
        raise BadSettings((str(bad),)) from None


def expected_of(name: str) -> str:
    """What a setting accepts, as the end of "NAME=value: expected …". `name` is the field's."""
    extra = cast("Mapping[str, str]", Settings.model_fields[name].json_schema_extra)
    return extra["expected"]
