"""Memory of the API under full load: `python -m tests.benchmarks.steady [SECONDS [NODES]]`, by default 600 and 300.

The whole stack runs over a simulated network with a snapshot every five seconds. One core sends requests as fast as it
can: cached ones, ones that are new in every snapshot, 304s, the past, and new documents. Fails if the API uses more in
the last third of the time than in the middle one, by more than a twentieth. In the first third, the caches fill.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.harness import LOAD_CORE, wrk
from tests.conformance.stack import running

SETTINGS = {"CACHE_TTL": "5", "RATE_LIMIT": "0"}
SAMPLE_SECONDS = 5
MAX_GROWTH = 0.05
SCRIPT = """
local n = 0
local json = {["content-type"] = "application/json"}
local list = '{"query":"{ pnodes(first: 20) { nodes { id address status version uptime witnessCount } } }"}'
local function post(query) return wrk.format("POST", "/graphql", json, '{"query":"' .. query .. '"}') end
function request()
  n = n + 1
  local kind = n % 10
  if kind < 4 then return wrk.format("POST", "/graphql", json, list) end
  if kind < 6 then return wrk.format("GET", "/pnodes?limit=" .. n % 300 + 1) end
  if kind == 6 then return wrk.format("GET", "/pnodes?limit=100", {["if-none-match"] = "*"}) end
  if kind == 7 then return post("{ a" .. n .. ": pnodes(first: 50) { nodes { id score { composite } } } }") end
  if kind == 8 then return post("{ pnodes(first: " .. n % 250 + 1 .. ") { nodes { id provenance { seed } } } }") end
  return post("{ networkHealth(asOf: \\\\\\"" .. os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - n % 300) .. "\\\\\\") { status } }")
end
"""


def run(seconds: int = 600, nodes: int = 300) -> dict[str, Any]:
    """The number of requests, and the memory of the API (MB) over time."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        script = folder / "load.lua"
        script.write_text(SCRIPT)
        with running(folder / "stack", nodes=nodes, settings=SETTINGS) as stack:
            command = ["taskset", "-c", LOAD_CORE, wrk(), "-t1", "-c32", f"-d{seconds}s", "-s", str(script), stack.url]
            load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            held: list[float] = []
            while load.poll() is None:
                held.append(memory_mb(stack.url))
                time.sleep(SAMPLE_SECONDS)
            assert load.stdout is not None
            out = load.stdout.read()
            failures = stack.failures()
    third = len(held) // 3
    thirds = [median(held[start:end]) for start, end in pairwise((0, third, 2 * third, len(held)))]
    return {
        "seconds": seconds,
        "nodes": nodes,
        "requests per second": float(re.findall(r"Requests/sec:\s+([\d.]+)", out)[0]),
        "memory by thirds, MB": [round(each, 1) for each in thirds],
        "most memory, MB": round(max(held), 1),
        "growth": round(thirds[2] / thirds[1] - 1, 4),
        "failures": failures[:5],
    }


def memory_mb(url: str) -> float:
    """The resident memory of the API, as reported by the API."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:  # noqa: S310  our own loopback
        return float(re.findall(rb"(?m)^process_resident_memory_bytes (\S+)", answer.read())[0]) / 1e6


def main() -> None:
    found = run(*map(int, sys.argv[1:3]))
    print(json.dumps(found, indent=1))
    sys.exit(found["growth"] > MAX_GROWTH or bool(found["failures"]))


if __name__ == "__main__":
    main()
