"""The examples of README.md and docs/graphql.md, exactly as printed, against the stack of `make demo`."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY, Process, fetch, free_port, wait_until
from tests.schema.graphql.test_docs import QUERIES, SUBSCRIPTIONS, Example

pytestmark = pytest.mark.stack

PRINTED = "http://127.0.0.1:8000"
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
CURLS = [
    block
    for page in ("README.md", "docs/graphql.md")
    for block in SHELL.findall((REPOSITORY / page).read_text(encoding="utf-8"))
    if "curl" in block
]
NEEDS_A_TIME_OF_ITS_OWN = "asOf: $at"


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The URL of a running demo."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "jobs", "up", "--simulate", "--port", str(port), "--data-dir", folder)
        environment = {"PATH": os.environ["PATH"], "CACHE_TTL": "5"}
        with Process(*command, log=Path(folder) / "up.log", env=environment) as up:
            wait_until(lambda: "healthy after" in up.text() or up.child.poll() is not None, "it is healthy")
            yield f"http://127.0.0.1:{port}"
            assert up.stop() == 0


def posted(example: Example) -> bytes:
    return json.dumps({"query": example.query, "variables": example.variables}).encode()


@pytest.mark.parametrize("example", QUERIES, ids=lambda e: e.query.split("{")[1].strip()[:30])
def test_a_query_is_answered_as_it_is_printed(demo: str, example: Example) -> None:
    answer = json.loads(fetch(f"{demo}/graphql", posted(example))[1])
    if NEEDS_A_TIME_OF_ITS_OWN in example.query:
        assert {error["extensions"]["code"] for error in answer["errors"]} <= {"AS_OF_IN_FUTURE", "AS_OF_OUT_OF_RANGE"}
        return
    assert "errors" not in answer
    assert None not in answer["data"].values()


@pytest.mark.parametrize("example", SUBSCRIPTIONS, ids=lambda e: e.query[:30])
def test_a_subscription_is_accepted_as_it_is_printed(demo: str, example: Example) -> None:
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    request = urllib.request.Request(f"{demo}/graphql", posted(example), headers)  # noqa: S310  (loopback)
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  (loopback)
        assert (answer.status, answer.headers.get_content_type()) == (200, "text/event-stream")


def test_there_are_examples_for_the_shell() -> None:
    text = "".join(CURLS)
    assert len(CURLS) >= 4
    assert '"variables"' in text
    assert "subscription" in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("block", CURLS, ids=lambda block: block[-40:].strip())
def test_a_command_is_answered_as_it_is_printed(demo: str, block: str) -> None:
    command = ["sh", "-c", f"exec {block.replace(PRINTED, demo)}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        if "event-stream" in block:
            line = next(line for line in curl.stdout if line.startswith("data: {"))
            curl.terminate()
            answer = json.loads(line.removeprefix("data: "))
        else:
            answer = json.loads(curl.stdout.read())
    assert "errors" not in answer
    assert None not in answer["data"].values()
