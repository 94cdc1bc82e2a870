"""The private file that redirects a worker's calls to a simulated network, and the check that it is intended."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import orjson

from jobs.stack.folder import write_private
from server.settings import BadSettings

DIAL_MAP_VARIABLE = "PNODES_DIAL_MAP"


def write_dial_map(place: Path, dial_map: Mapping[str, str]) -> None:
    """Write the map (`IP:PORT` to a loopback `IP:PORT`) to a file that only this user can read or change."""
    write_private(place, dial_map)


def read_dial_map(environ: Mapping[str, str], *, simulated: bool) -> Mapping[str, str] | None:
    """The map that the environment names. None for a worker of the real network.

    Raises BadSettings if the flag is given without the variable, or the variable without the flag: a variable alone
    must never redirect a real worker.
    """
    place = environ.get(DIAL_MAP_VARIABLE)
    if not simulated:
        if place:
            raise BadSettings((f"{DIAL_MAP_VARIABLE}={place}: expected only together with --simulated",))
        return None
    if not place:
        raise BadSettings((f"--simulated: expected the name of a dial map in {DIAL_MAP_VARIABLE}",))
    return cast("dict[str, str]", orjson.loads(Path(place).read_bytes()))
