"""Checks whether the stores in the settings can exist, before anything is started."""

from collections.abc import Callable
from typing import NamedTuple

from server.process.masking import mask_url
from server.settings import BadSettings, Settings
from server.storage.client import DnsSilent, NoSuchCluster, look_up

DNS_SECONDS = 5.0

LookUp = Callable[[str, float], None]
"""Resolves a URI within the given number of seconds. Raises NoSuchCluster or DnsSilent."""


class DnsReport(NamedTuple):
    """What DNS reports about MONGO_URI: a permanent problem, a temporary one, or neither."""

    problem: str | None = None
    silent: str | None = None


def dns_report(settings: Settings, ask: LookUp = look_up) -> DnsReport:
    """Resolve the servers of a `mongodb+srv` URI. Other URIs need no lookup."""
    try:
        ask(settings.mongo, DNS_SECONDS)
    except NoSuchCluster as error:
        return DnsReport(problem=f"MONGO_URI={mask_url(settings.mongo)}: no servers are known for this name ({error})")
    except DnsSilent as error:
        return DnsReport(silent=f"MONGO_URI={mask_url(settings.mongo)}: the DNS does not answer ({error})")
    return DnsReport()


def check_stores(settings: Settings, ask: LookUp = look_up) -> None:
    """Raises BadSettings if the servers of MONGO_URI do not exist according to DNS.

    A DNS server that does not answer is no error: a process may start before its stores, and retries.
    """
    problem = dns_report(settings, ask).problem
    if problem is not None:
        raise BadSettings((problem,))
