"""Checks of deploy/ with its tools: nginx, systemd, promtool. `make deploy-check` runs them."""

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Exclude this folder from runs of all tests, because it needs packages of the system."""
    return None if any("deploy_check" in argument for argument in config.args) else True
