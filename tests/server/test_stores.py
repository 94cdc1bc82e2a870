"""A start checks whether the servers of MONGO_URI can exist. A definite no stops it, an unavailable one does not."""

from collections.abc import Callable

import pytest
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, NoNameservers, NoResolverConfiguration
from pymongo.errors import ConfigurationError

from server.settings import BadSettings, Settings
from server.storage.client import DnsSilent, NoSuchCluster, look_up, verdict_of
from server.stores import check_stores, dns_report

SRV = Settings.model_validate({"mongo_uri": "mongodb+srv://me:hunter2@cluster.example/"})


def _raising(error: Exception) -> Callable[[str, float], None]:
    def ask(_uri: str, _seconds: float) -> None:
        raise error

    return ask


def test_a_cluster_that_is_not_there_stops_a_start() -> None:
    with pytest.raises(BadSettings) as refused:
        check_stores(SRV, _raising(NoSuchCluster("no such name")))
    (problem,) = refused.value.problems
    assert problem.startswith("MONGO_URI=mongodb+srv://me:***@cluster.example/: no servers are known")


def test_a_dns_that_does_not_answer_stops_no_start() -> None:
    ask = _raising(DnsSilent("timed out"))
    check_stores(SRV, ask)
    assert "the DNS does not answer" in str(dns_report(SRV, ask).silent)


@pytest.mark.parametrize("cause", [NXDOMAIN(), NoAnswer.__new__(NoAnswer), None])
def test_the_dns_that_denies_a_name_is_final(cause: Exception | None) -> None:
    assert isinstance(verdict_of(_configuration_error(cause)), NoSuchCluster)


@pytest.mark.parametrize(
    "cause", [LifetimeTimeout(timeout=5, errors=[]), NoNameservers(), NoResolverConfiguration(), OSError("no network")]
)
def test_a_dns_that_cannot_answer_may_answer_later(cause: Exception) -> None:
    assert isinstance(verdict_of(_configuration_error(cause)), DnsSilent)


def _configuration_error(cause: Exception | None) -> ConfigurationError:
    error = ConfigurationError("no servers")
    error.__cause__ = cause
    return error


def test_hosts_that_are_written_out_need_no_look() -> None:
    look_up("mongodb://127.0.0.1:1/", 0.0)
    assert dns_report(Settings()) == (None, None)
