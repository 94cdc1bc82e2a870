"""`make bench`: run all comparisons, and write the results as JSON and as the tables of docs/performance.md."""

import json
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import compiled, cycle, fanout, history, peer_servers, start, web
from tests.embedded import EmbeddedStores

RESULTS = Path("build/bench.json")
DOCUMENT = Path("docs/performance.md")
MARK = "<!-- figures below are written by `make bench` -->"
PACKAGES = ("strawberry-graphql", "graphql-core", "fastapi", "starlette", "uvicorn", "uvloop", "pydantic", "orjson")


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        stores = EmbeddedStores(Path(folder)).start()
        try:
            found: dict[str, Any] = {"web": web.run(stores.mongo_uri, rounds=1 if quick else web.ROUNDS)}
        finally:
            stores.stop()
    found["peers"] = peer_servers.run(rounds=1 if quick else peer_servers.ROUNDS)
    found["execution"] = [row._asdict() | {"ratio": row.ratio} for row in compiled.run()]
    found["history"] = history.run((1, 3) if quick else (3, 30))
    found["cycle"] = cycle.run((300, 3_000) if quick else (300, 3_000, 10_000, 100_000))
    found["start"] = [row._asdict() | {"ratio": row.ratio} for row in start.run(rounds=1 if quick else start.ROUNDS)]
    found["fanout"] = fanout.run(100 if quick else 500)
    found["machine"] = machine()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1))
    text = tables(found)
    print(text)
    if not quick and DOCUMENT.exists():
        head = DOCUMENT.read_text().split(MARK)[0]
        DOCUMENT.write_text(f"{head}{MARK}\n\n{text}\n")


def machine() -> dict[str, str]:
    """What the figures depend on besides the code."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "cpu": f"{cpu}, one core for the server and one for the load",
        "python": platform.python_version(),
        "revision": revision.stdout.strip(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def tables(found: dict[str, Any]) -> str:
    """The results in Markdown."""
    web_, peers, facts = found["web"], found["peers"], found["machine"]
    parts = [
        f"{facts['cpu']}; Python {facts['python']}; {facts['packages']}; revision {facts['revision']}.",
        "### Requests\n\n" + _loads(web_["loads"]),
        "### Ratios\n\n" + _ratios(web_["ratios"]),
        "### Latency at 70 % of the peak, at a constant rate\n\n"
        + _table(
            ("case", "requests/s", "p50 ms", "p99 ms", "p99 / p50"),
            [
                (name, f"{row['rate']:,.0f}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['ratio']:g}")
                for name, row in web_["below_the_peak"].items()
            ],
        ),
        "### Peers\n\n" + _peers(peers),
        "### CPU of one cold request, and memory\n\n"
        + _table(
            ("figure", "value"),
            [(k, f"{v:g} ms") for k, v in web_["cold_cpu_ms"].items()]
            + [(f"memory of the API at {k}", f"{v:.0f} MB") for k, v in web_["memory_mb"].items()],
        ),
        "### Execution alone: graphql-core and compiled\n\n"
        + _table(
            ("selection", "graphql-core ms", "compiled ms", "ratio", "compiling it, once, ms"),
            [
                (
                    row["name"],
                    *(f"{row[key]:.3f}" for key in ("core", "compiled")),
                    f"{row['ratio']:.1f}",
                    f"{row['making']:.2f}",
                )
                for row in found["execution"]
            ],
        ),
        "### History: the same questions to 3 and to 30 days\n\n"
        + _table(
            ("question", "p50 ms", "p95 ms", "p50 ms at 30 days", "p95 ms at 30 days", "ratio of p95"),
            [
                (
                    name,
                    *(f"{part[key]:.1f}" for part in (row, row["long"]) for key in ("p50_ms", "p95_ms")),
                    f"{row['ratio']:g}",
                )
                for name, row in found["history"].items()
            ],
        ),
        "### Cycles\n\n" + _table(tuple(found["cycle"][0]), [tuple(map(str, row.values())) for row in found["cycle"]]),
        "### Start of an API process: until its first answer, and importing fastapi, strawberry and beanie\n\n"
        + _table(
            ("nodes", "first answer, s", "imports, s", "ratio"),
            [tuple(map(str, row.values())) for row in found["start"]],
        ),
        "### Subscribers\n\n" + _table(("figure", "value"), [(k, str(v)) for k, v in found["fanout"].items()]),
    ]
    return "\n\n".join(parts)


def _loads(loads: dict[str, dict[str, float]]) -> str:
    return _table(
        ("case", "requests/s", "p50 ms", "p99 ms"),
        [
            (name, f"{load['requests_per_second']:,.0f}", f"{load['p50_ms']:.2f}", f"{load['p99_ms']:.2f}")
            for name, load in loads.items()
        ],
    )


def _ratios(ratios: dict[str, float]) -> str:
    return _table(("ratio", "value"), [(name, f"{value:g}") for name, value in ratios.items()])


def _peers(peers: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {pinned}" for name, pinned in peers["versions"].items())
    absent = [f"Not measured: {name}, because {reason}." for name, reason in peers["absent"].items()]
    return "\n\n".join([f"{packages}.", *absent, _loads(peers["loads"]), _ratios(peers["ratios"])])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
