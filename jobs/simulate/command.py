"""The command: serve a network until it is stopped. The first line on stdout contains its addresses."""

import argparse
import asyncio
import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from jobs.past.recording import read_recording, recording_files
from jobs.simulate.network import DEFAULT_NODES, Network
from jobs.simulate.playing import Course, SimulatedSource
from jobs.simulate.population import check_nodes
from jobs.simulate.replay import Replay, read_reels
from jobs.simulate.roles import FAULTS
from jobs.simulate.server import Simulation
from jobs.simulate.source import Source

DEFAULT_INTERVAL = 60
MAX_SPEED = 1_000_000
STDIN = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `source_of` reads."""
    parser.add_argument(
        "--nodes", type=int, default=DEFAULT_NODES, help="list entries in the network (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="which network: the same number, the same network")
    parser.add_argument("--faults", choices=sorted(FAULTS), default="typical", help="what the nine seeds are like")
    parser.add_argument("--start", type=int, help="the network's own time at the start, unix seconds (default: now)")
    parser.add_argument("--speed", type=float, default=1.0, help="seconds that pass in the network in each second")
    parser.add_argument("--replay", type=Path, metavar="DIR", help="serve the recorded lists in this folder instead")
    parser.add_argument(
        "--interval",
        type=int,
        default=DEFAULT_INTERVAL,
        help="with --replay: seconds for which a list is served (CACHE_TTL)",
    )
    parser.add_argument("--loop", action="store_true", help="with --replay: begin again after the last list")


def check(nodes: int | None, replay: Path | None) -> None:
    """Raises ValueError for a number of nodes, or a folder of recorded lists, that `source_of` would refuse.

    Callers that start more than a network use it to validate early. Only the first list is read.
    """
    if nodes is not None:
        check_nodes(nodes)
    if replay is not None:
        read_recording(recording_files(replay)[0])


def source_of(options: argparse.Namespace, now: float) -> Source:
    """The network that the options describe. Raises ValueError (BadRecording is one) with the reason."""
    if options.replay is not None:
        return Replay(read_reels(options.replay), interval=options.interval, loop=options.loop)
    if not 0 < options.speed <= MAX_SPEED:
        raise ValueError(f"speed={options.speed}: expected more than 0, and at most {MAX_SPEED}")
    network = Network(options.nodes, options.seed, FAULTS[options.faults])
    return SimulatedSource(network, Course(int(now), options.start, options.speed))


async def serve(source: Source, write: Callable[[str], object], stopped: asyncio.Event) -> None:
    """Serve until `stopped` is set. `write` gets one line once every seed answers: JSON with `seeds` and `dial_map`."""
    async with Simulation(source) as simulation:
        line = {"dial_map": simulation.dial_map, "seeds": simulation.seeds}
        write(orjson.dumps(line).decode() + "\n")
        await stopped.wait()


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGINT, SIGTERM, or the end of stdin if it is a pipe, which means that the parent is gone.

    Raises ValueError for options that describe no network.
    """
    source = source_of(options, time.time())
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    if _is_pipe(STDIN):
        loop.add_reader(STDIN, _watch_stdin, loop, stopped)
    await serve(source, _announce, stopped)


def main() -> int:
    """`python -m jobs.simulate`. The exit status is 0 after a stop, 2 for invalid options."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.simulate",
        description=__doc__,
        epilog="example: python -m jobs.simulate --nodes 100",
        allow_abbrev=False,
    )
    add_arguments(parser)
    try:
        asyncio.run(run(parser.parse_args()))
    except ValueError as error:
        parser.error(str(error))
    return 0


def _announce(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False  # closed
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _watch_stdin(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    if not os.read(STDIN, 4096):
        loop.remove_reader(STDIN)
        stopped.set()
