"""An older release and this one side by side over one store: every slot is whole, and neither reports an error."""

import os
import subprocess
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.conftest import Note
from tests.faults.load import TTL
from tests.faults.reader import Reader
from tests.faults.rig import START_SECONDS, Api, Rig, commits, events, stop, until
from tests.processes import REPOSITORY, Process

# The first release that has all fields that the readers of these tests select.
OLDER = os.environ.get("UPGRADE_FROM", "c912098")
"""The commit of the older release."""
SLOTS = int(os.environ.get("UPGRADE_SLOTS", "20"))
"""The total number of slots, distributed over the phases: 100 take nine minutes."""


class Phase(NamedTuple):
    """The releases that have a worker while a part of the slots is taken."""

    name: str
    older: bool
    newer: bool


PHASES = (
    Phase("before the upgrade", older=True, newer=False),
    Phase("both workers", older=True, newer=True),
    Phase("after the upgrade", older=False, newer=True),
    Phase("gone back", older=True, newer=False),
    Phase("upgraded again", older=False, newer=True),
)


@pytest.fixture(scope="module")
def older_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the older release."""
    packed = subprocess.run(["git", "archive", OLDER], cwd=REPOSITORY, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"commit {OLDER} is not in this clone: fetch the whole history, or set UPGRADE_FROM")
    folder = tmp_path_factory.mktemp("older")
    # Not `tarfile`, whose filters came with Python 3.11.4.
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


@asynccontextmanager
async def watched(api: Api, rig: Rig) -> AsyncGenerator[Reader]:
    await until(api.ready, START_SECONDS, f"{api.url} is ready")
    async with Reader(api, rig.session) as reader:
        yield reader


def running(apis: Sequence[Api]) -> bool:
    """True. Fails with the last log lines of an API that has ended, because it will not show a slot."""
    for api in apis:
        assert api.process.child.poll() is None, api.process.text()[-500:]
    return True


async def run_or_stop(worker: Process, *, wanted: bool) -> None:
    running = worker.child.poll() is None
    if wanted and not running:
        worker.start()
    elif running and not wanted:
        assert await stop(worker) == 0


async def test_web_and_worker_are_upgraded_in_any_order(rig: Rig, older_tree: Path, note: Note) -> None:
    older, newer = rig.worker("older-worker", tree=older_tree), rig.worker("newer-worker")
    apis = [rig.api("older-api", tree=older_tree), rig.api("newer-api")]
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(watched(api, rig)) for api in apis]
        for number, phase in enumerate(PHASES, 1):
            await run_or_stop(older, wanted=phase.older)
            await run_or_stop(newer, wanted=phase.newer)
            wanted_slots = SLOTS * number // len(PHASES)
            await until(
                lambda: running(apis) and all(len(reader.slots) >= wanted_slots for reader in readers),  # noqa: B023  awaited here
                2 * TTL * (SLOTS + 2),
                f"{wanted_slots} slots by the end of: {phase.name}",
            )
    same = readers[0].slots.keys() & readers[1].slots.keys()
    seen = {slot: (readers[0].slots[slot], readers[1].slots[slot]) for slot in same}
    assert [slot for slot, (one, other) in seen.items() if one.content_hash != other.content_hash] == []
    assert [slot for slot, (one, other) in seen.items() if one.common != other.common] == []
    # The newer release may score by its own policy what it committed itself, but not the older one's slots.
    of_older = [slot for slot in commits(older) if slot in seen]
    assert of_older
    assert [slot for slot in of_older if seen[slot][0].digest != seen[slot][1].digest] == []
    assert [reader.refused for reader in readers] == [[], []]
    processes = [older, newer, *(api.process for api in apis)]
    troubles = [line for process in processes for line in events(process) if line["level"] in {"error", "critical"}]
    assert troubles == []
    by_release = [len(commits(older)), len(commits(newer))]
    note(f"{len(same)} slots seen alike by both releases, {by_release} committed by {OLDER} and by this one")
    assert min(by_release) > 0
    assert len(same) >= SLOTS - len(PHASES)
    assert readers[0].newest >= time.time() - 3 * TTL
