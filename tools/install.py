"""Install the pinned packages of a lock into the environment of this Python, and show the progress.

Usage: `python tools/install.py LOCK`. A failure is reported in one line with the remedy. The complete output of pip is
in `install.log` in the environment's folder.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

FOUND = ("Collecting ", "Processing ", "Requirement already satisfied: ")
LEFT_OUT = "Ignoring "
"""pip's message about a package for another platform or Python."""
UNREACHED = re.compile(
    r"NewConnectionError|NameResolutionError|Failed to establish|Max retries exceeded|ConnectTimeout|ReadTimeout"
    r"|from versions: none|connection broken|Could not fetch URL|ProxyError|SSLError"
)
EVERY = 10
"""Without a terminal, one line is shown for this many packages."""


def main(lock: Path, log: Path) -> int:
    """Install. Returns 0, or 1 with one line on stderr."""
    total = sum(bool(re.match(r"[A-Za-z0-9]", line)) for line in lock.read_text(encoding="utf-8").splitlines())
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
    ]
    command += ["--require-hashes", "-r", str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # nosec B603
        lines = _watched(pip.stdout or (), log, total)
    if pip.returncode == 0:
        return 0
    sys.stderr.write(f"cannot install the packages of {lock}: {_reason(lines)} (all that pip said: {log})\n")
    return 1


def _watched(output: Iterable[str], log: Path, total: int) -> list[str]:
    """Write pip's output to the log, line by line, and the progress to stdout."""
    lines: list[str] = []
    found = 0
    progress = _Progress()
    with log.open("w", encoding="utf-8") as file:
        for line in output:
            file.write(line)
            file.flush()
            lines.append(line.strip())
            if line.startswith(LEFT_OUT):
                total -= 1
            elif line.startswith(FOUND):
                found += 1
                progress.show(f"  {found} of {total} packages fetched", often=found % EVERY == 0)
            elif line.startswith("Installing collected packages"):
                progress.show(f"  {found} packages fetched, installing them ...", often=True)
    progress.end()
    return lines


class _Progress:
    """Show one line that changes on a terminal, and a few lines elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._shown = False

    def show(self, text: str, *, often: bool) -> None:
        if self._terminal:
            sys.stdout.write(f"\r\x1b[K{text}")
            self._shown = True
        elif often:
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def end(self) -> None:
        if self._shown:
            sys.stdout.write("\n")


def _reason(lines: list[str]) -> str:
    if any(UNREACHED.search(line) for line in lines):
        return (
            "the package index cannot be reached; is there a network, or does a proxy have to be named (HTTPS_PROXY)?"
        )
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip said nothing"])[0].removeprefix("ERROR:").strip()[:300]


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), Path(sys.prefix) / "install.log"))
    except KeyboardInterrupt:
        sys.exit(130)
