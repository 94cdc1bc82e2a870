"""The deployment guide's two scripts, against healthy and unhealthy servers on loopback."""

import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from jobs.commands.verify import find, verify
from schema.domain.node.pnode import PNodeStatus
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests import factories
from tests.factories import AT
from tests.fakes import FakeReads, FakeUpdates
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY, connects, free_port, wait_until
from tests.server.rest.world import NOW, world

SCRIPTS = ("tests/test_api.sh", "deploy/verify_deployment.sh")

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("jq") is None, reason="the scripts need curl and jq"
)


def serve(reads: FakeReads, now: float) -> Iterator[str]:
    """The URL of the whole application over these reads."""
    app = assemble(Settings(), reads, FakeUpdates(), Lifecycle(), clock=lambda: now)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: connects(port), f"a server on port {port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def well() -> Iterator[str]:
    yield from serve(world(), NOW)


@pytest.fixture(scope="module")
def outdated() -> Iterator[str]:
    yield from serve(world(), AT + 1_000)


@pytest.fixture(scope="module")
def empty() -> Iterator[str]:
    yield from serve(FakeReads(), NOW)


@pytest.fixture(scope="module")
def young() -> Iterator[str]:
    """A minute old: every node was listed, and the uptime of none has advanced yet."""
    nodes = [
        factories.pnode(n, status=PNodeStatus.UNKNOWN, score=None, uptime=None, version=None, first_seen=AT - 5)
        for n in range(1, 6)
    ]
    yield from serve(FakeReads([factories.snapshot(nodes)]), NOW)


def run(script: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [REPOSITORY / script, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_everything_passes_on_a_server_that_is_well(script: str, slash: str, well: str) -> None:
    code, output = run(script, well + slash)
    assert (code, "FAIL" in output, " 0 failed" in output) == (0, False, True), output


def test_everything_passes_on_a_young_network(young: str) -> None:
    code, output = run(SCRIPTS[1], young)
    assert (code, "FAIL" in output) == (0, False), output
    assert [outcome for outcome in verify(find(young)) if not outcome.passed] == []


def test_a_dead_address_is_one_line() -> None:
    code, output = run(SCRIPTS[1], url := f"http://127.0.0.1:{free_port()}")
    assert (code, output) == (1, f"no answer at {url}\n")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_stale_server_fails_on_its_health(script: str, outdated: str) -> None:
    code, output = run(script, outdated)
    assert code == 1
    assert "FAIL  health" in output


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_server_without_a_snapshot_fails(script: str, empty: str) -> None:
    code, output = run(script, empty)
    assert code == 1
    assert output.count("FAIL") > 5


@pytest.mark.parametrize(("script", "code"), [(SCRIPTS[0], 2), (SCRIPTS[1], 1)])
def test_nobody_there_is_a_failure(script: str, code: int) -> None:
    assert run(script, f"http://127.0.0.1:{free_port()}")[0] == code
