"""Whether the stores that the settings name can exist, before anything is started."""

from collections.abc import Callable
from typing import NamedTuple

from server.process.masking import mask_url
from server.settings import BadSettings, Settings
from server.storage.client import DnsSilent, NoSuchCluster, look_up

DNS_SECONDS = 5.0

LookUp = Callable[[str, float], None]
"""Ask the DNS about a URI, for so many seconds. Raises NoSuchCluster or DnsSilent."""


class DnsReport(NamedTuple):
    """What the DNS says of MONGO_URI: a problem that stays, one that may pass, or neither."""

    problem: str | None = None
    silent: str | None = None


def dns_report(settings: Settings, ask: LookUp = look_up) -> DnsReport:
    """Look up the servers of a `mongodb+srv` URI; any other URI needs no look."""
    try:
        ask(settings.mongo, DNS_SECONDS)
    except NoSuchCluster as error:
        return DnsReport(problem=f"MONGO_URI={mask_url(settings.mongo)}: no servers are known for this name ({error})")
    except DnsSilent as error:
        return DnsReport(silent=f"MONGO_URI={mask_url(settings.mongo)}: the DNS does not answer ({error})")
    return DnsReport()


def check_stores(settings: Settings, ask: LookUp = look_up) -> None:
    """Raises BadSettings where the DNS denies the servers of MONGO_URI.

    A DNS that does not answer stops nobody: a process starts before its stores do, and tries again.
    """
    problem = dns_report(settings, ask).problem
    if problem is not None:
        raise BadSettings((problem,))
