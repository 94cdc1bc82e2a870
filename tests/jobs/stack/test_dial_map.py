"""A dial map is only used if both the file and the flag are given."""

import stat
from pathlib import Path

import pytest

from jobs.stack.dial_map import DIAL_MAP_VARIABLE, read_dial_map, write_dial_map
from server.settings import BadSettings

DIAL_MAP = {"45.1.2.3:6000": "127.0.0.1:40001"}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    place = tmp_path / "dial.json"
    write_dial_map(place, DIAL_MAP)
    write_dial_map(place, DIAL_MAP)
    assert read_dial_map({DIAL_MAP_VARIABLE: str(place)}, simulated=True) == DIAL_MAP


def test_nobody_else_can_read_or_change_it(tmp_path: Path) -> None:
    place = tmp_path / "dial.json"
    place.write_text("{}")
    place.chmod(0o666)
    write_dial_map(place, DIAL_MAP)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_without_both_there_is_none() -> None:
    assert read_dial_map({}, simulated=False) is None


def test_a_variable_alone_leads_nobody_astray() -> None:
    with pytest.raises(BadSettings, match=f"{DIAL_MAP_VARIABLE}=x: expected only together with --simulated"):
        read_dial_map({DIAL_MAP_VARIABLE: "x"}, simulated=False)


def test_the_flag_alone_never_dials_the_real_network() -> None:
    with pytest.raises(BadSettings, match=f"--simulated: expected the name of a dial map in {DIAL_MAP_VARIABLE}"):
        read_dial_map({}, simulated=True)
