import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from jobs.simulate.command import add_arguments, serve, source_of
from jobs.simulate.playing import SimulatedSource
from jobs.simulate.replay import Replay
from jobs.simulate.source import Behaviour
from tests.patience import patience

NOW = 1_800_000_000.0


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_arguments(parser)
    return parser.parse_args(arguments)


def record(folder: Path) -> None:
    (folder / "20251226T133951.json").write_text('[{"address":"7.1.2.3:9001","last_seen_timestamp":1,"uptime":1}]')


def test_by_default_it_is_a_typical_network_at_the_time_of_day() -> None:
    source = source_of(options(), NOW)
    assert isinstance(source, SimulatedSource)
    configured = [seed for seed in source.seeds if seed.configured]
    assert len(configured) == 9
    assert [seed.behaviour for seed in configured].count(Behaviour.ANSWERS) == 8
    assert source.result(0, "get-stats", int(NOW)) == source_of(options(), NOW - 500).result(0, "get-stats", int(NOW))


@pytest.mark.parametrize(
    "changed",
    [("--nodes", "400"), ("--seed", "2"), ("--faults", "none"), ("--start", "1700000000"), ("--speed", "60")],
)
def test_every_option_makes_a_difference(changed: tuple[str, str]) -> None:
    second = int(NOW) + 1_000
    one, other = source_of(options(), NOW), source_of(options(*changed), NOW)
    assert one.result(4, "get-pods-with-stats", second) != other.result(4, "get-pods-with-stats", second)


def test_a_folder_is_replayed(tmp_path: Path) -> None:
    record(tmp_path)
    source = source_of(options("--replay", str(tmp_path), "--interval", "90", "--loop"), NOW)
    assert isinstance(source, Replay)
    assert len(source.seeds) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--nodes", "1"), "nodes=1: expected"),
        (("--speed", "0"), r"speed=0.0: expected more than 0"),
        (("--speed", "nan"), r"speed=nan: expected more than 0"),
        (("--replay", "/nonexistent"), "/nonexistent: no such file or folder"),
    ],
)
def test_options_that_describe_no_network_are_refused_by_name(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        source_of(options(*arguments), NOW)


async def test_it_says_in_one_line_where_the_seeds_are_and_serves_until_told_to_stop() -> None:
    written: asyncio.Queue[str] = asyncio.Queue()
    stopped = asyncio.Event()
    source = source_of(options(), NOW)
    serving = asyncio.create_task(serve(source, written.put_nowait, stopped))
    line = await written.get()
    said = json.loads(line)
    assert line.endswith("}\n")
    assert said["seeds"] == [seed.name for seed in source.seeds if seed.configured]
    assert list(said["dial_map"]) == [seed.name for seed in source.seeds]
    assert not serving.done()
    stopped.set()
    await serving
    assert written.empty()


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "jobs.simulate",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, None], ids=["SIGINT", "SIGTERM", "end of stdin"])
async def test_the_process_ends_cleanly_with_callers_in_the_middle(stop: signal.Signals | None) -> None:
    process = await start("--nodes", "60")
    assert process.stdin is not None
    assert process.stdout is not None
    async with patience():
        said = json.loads(await process.stdout.readline())
        host, _, port = said["dial_map"][said["seeds"][5]].partition(":")
        _, caller = await asyncio.open_connection(host, int(port))
        caller.write(b"POST /rpc HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
        if stop is None:
            process.stdin.close()
        else:
            process.send_signal(stop)
        out, errors = await process.communicate()
    caller.close()
    # The development mode reports callbacks that took long, which only shows that the machine is busy.
    complaints = [line for line in errors.splitlines() if not (line.startswith(b"Executing <") and b" took " in line)]
    assert (process.returncode, out, complaints) == (0, b"", [])


async def test_wrong_options_end_it_with_a_reason() -> None:
    process = await start("--nodes", "5")
    async with patience():
        out, errors = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert b"nodes=5: expected 30 to 250000 list entries" in errors
