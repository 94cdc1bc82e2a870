"""Checks of deploy/ with the tools that it is made for: nginx, systemd, promtool. `make deploy-check` runs them."""

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out of runs of all tests: it needs packages of the system."""
    return None if any("deploy_check" in argument for argument in config.args) else True
