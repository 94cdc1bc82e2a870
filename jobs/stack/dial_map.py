"""The private file that leads a worker's calls to a simulated network, and the door that it must come through."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import orjson

from jobs.stack.folder import write_private
from server.settings import BadSettings

DIAL_MAP_VARIABLE = "PNODES_DIAL_MAP"


def write_dial_map(place: Path, dial_map: Mapping[str, str]) -> None:
    """Write the map (`IP:PORT` to a loopback `IP:PORT`) where only this user can read or change it."""
    write_private(place, dial_map)


def read_dial_map(environ: Mapping[str, str], *, simulated: bool) -> Mapping[str, str] | None:
    """The map that the environment names; None for a worker of the real network.

    Raises BadSettings where the flag comes without the variable, or the other way round: a variable alone must never
    lead a real worker astray.
    """
    place = environ.get(DIAL_MAP_VARIABLE)
    if not simulated:
        if place:
            raise BadSettings((f"{DIAL_MAP_VARIABLE}={place}: expected only together with --simulated",))
        return None
    if not place:
        raise BadSettings((f"--simulated: expected the name of a dial map in {DIAL_MAP_VARIABLE}",))
    return cast("dict[str, str]", orjson.loads(Path(place).read_bytes()))
