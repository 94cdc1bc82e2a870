"""The README's commands in a clone of this checkout, on a Debian system with nothing but what the README asks for."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.chroot.root import Root, stopped
from tests.processes import REPOSITORY, Process, fetch, free_port, wait_until

PACKAGES = ("python3", "python3-venv", "make", "git", "ca-certificates")
"""What the README asks for. The certificates are those of Debian; apt would install them together with git."""
USER = "dev"
IDS = f"{USER}:{USER}"
ENVIRONMENT = {"HOME": f"/home/{USER}"}
BUNDLE = "/srv/pnodes.bundle"
CLONE = "/home/dev/pnodes"
UNDER_SHELL = ("sh", "-c", '"$@"; exit $?', "sh")
"""The first process of a namespace inherits orphans, which make does not expect."""
INSTALL_SECONDS = 1_800
"""The longest that the first `make` may take to bring the packages."""
STOPPED = {0, 130, -signal.SIGINT}


def clone(root: Root) -> None:
    """Clone the last commit of this checkout, as a user without rights."""
    root.must("useradd", "--create-home", USER)
    bundle = root.path(BUNDLE)
    subprocess.run(["git", "-C", str(REPOSITORY), "bundle", "create", "--quiet", str(bundle), "HEAD"], check=True)
    bundle.chmod(0o644)
    root.must("git", "clone", "--quiet", BUNDLE, CLONE, ids=IDS, env=ENVIRONMENT)


def demo(root: Root, log: Path, python: str, say: Callable[[str], None]) -> None:
    """`make demo`: healthy, every check of `pnodes verify` passes, and it stops at Ctrl-C."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("make", "demo", f"PORT={port}", f"PYTHON={python}")
    with Process(*root.command(*UNDER_SHELL, *words, ids=IDS, folder=CLONE, env=ENVIRONMENT), log=log) as running:

        def healthy() -> bool:
            if running.child.poll() is not None:
                raise SystemExit(f"make demo ended with status {running.child.returncode}:\n{running.text()[-4_000:]}")
            status, body = fetch(f"{url}/health")
            return status == 200 and json.loads(body)["status"] == "healthy"

        wait_until(healthy, "make demo is healthy", INSTALL_SECONDS)
        say(root.must(f"{CLONE}/.venv/bin/python", "--version").strip())
        say(root.must(f"{CLONE}/.venv/bin/pnodes", "verify", url, ids=IDS).strip())
        status = stopped(running, signal.SIGINT)
    if status not in STOPPED or "Traceback" in running.text():
        raise SystemExit(f"make demo stopped with status {status}:\n{running.text()[-4_000:]}")
    say(f"make demo: healthy, verified, stopped with status {status}")


def tests(root: Root, log: Path, python: str, say: Callable[[str], None]) -> None:
    """`make test`."""
    words = root.command(*UNDER_SHELL, "make", "test", f"PYTHON={python}", ids=IDS, folder=CLONE, env=ENVIRONMENT)
    with Process(*words, log=log) as running:
        status = running.child.wait()
    if status:
        raise SystemExit(f"make test: status {status}, see {log}:\n{running.text()[-4_000:]}")
    say(f"make test: {running.text().strip().splitlines()[-1]}")
