"""A Debian system in a folder, and commands in it.

Each command runs in mount and process namespaces of its own. Its mounts end with it, so a folder can always be removed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.patience import PATIENCE_SECONDS
from tests.processes import Process

PROGRAMS = ("debootstrap", "unshare", "chroot", "git")
SHARED = tuple(map(Path, ("/etc/ssl/certs", "/etc/pip.conf", "/etc/xdg/pip", "/etc/resolv.conf", "/etc/hosts")))
"""How this machine reaches the package registries, and the name localhost. Missing ones are passed over.

An installed Debian has an /etc/hosts, but one by debootstrap has not.
"""
PASSED_ON = re.compile(r"(?i)PIP_\w+|npm_config_\w+|\w+_PROXY|\w*(CERT|CA_BUNDLE|CERTS)\w*")
"""Variables with the same purpose. Values that are paths are shared too."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

ENTER = """
set -eu
root=$1 ids=$2 folder=$3 writable=$4 shared=$5
shift 5
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
printf '%s\\n' "$shared" | while IFS= read -r each; do
  [ -e "$each" ] || continue
  if [ -d "$each" ]; then mkdir -p "$root$each"
  elif [ ! -e "$root$each" ]; then mkdir -p "$root${each%/*}"; : > "$root$each"; fi
  mount --bind "$each" "$root$each"
  mount -o remount,bind,ro "$root$each"
done
if [ -n "$writable" ]; then
  mount -o remount,bind,ro "$root"
  for each in $writable; do mount -t tmpfs -o "mode=1777,uid=${ids%:*}" tmpfs "$root$each"; done
fi
exec chroot --userspec="$ids" --groups= "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
"""


class Ran(NamedTuple):
    """The end of a command, with all that it has written."""

    status: int
    text: str


class Root:
    """A Debian system. `shared` are further folders of this machine that commands may read, at the same paths."""

    def __init__(self, folder: Path, shared: Sequence[Path] = ()) -> None:
        self.folder = folder
        self._shared = [*SHARED, *shared]

    @staticmethod
    def made(suite: str, packages: Sequence[str], folder: Path, shared: Sequence[Path] = ()) -> "Root":
        """Debian's `suite` with these packages, and what they need."""
        options = ("--variant=minbase", f"--include={','.join(packages)}")
        log = folder.with_suffix(".log")
        with log.open("wb") as out:
            ran = subprocess.run(["debootstrap", *options, suite, str(folder)], stdout=out, stderr=out, check=False)
        if ran.returncode:
            raise SystemExit(f"debootstrap {suite} failed with status {ran.returncode}:\n{log.read_text()[-2_000:]}")
        return Root(folder, shared)

    def copy(self, folder: Path) -> "Root":
        """Another system with the same content."""
        subprocess.run(["cp", "-a", "--reflink=auto", str(self.folder), str(folder)], check=True)
        return Root(folder, [each for each in self._shared if each not in SHARED])

    def path(self, inside: str) -> Path:
        """The place of an absolute path of the system, seen from outside."""
        return self.folder / inside.lstrip("/")

    def command(
        self,
        *command: str,
        ids: str = "0:0",
        folder: str = "/",
        env: Mapping[str, str] | None = None,
        only_writable: Sequence[str] = (),
    ) -> list[str]:
        """The words that run a command inside.

        Args:
            command: The words inside.
            ids: User and group, as numbers or names.
            folder: The working directory.
            env: Variables besides PATH, and besides those that the registries need.
            only_writable: With these, the rest of the file system is read-only, and these are empty and in memory.
        """
        passed = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
        variables = {"PATH": PATH, "HOME": "/tmp", "LANG": "C.UTF-8", **passed, **(env or {})}  # noqa: S108  (inside)
        shared = [*map(str, self._shared), *(value for value in passed.values() if value.startswith("/"))]
        # Without a variable of the tests: what is inside is started with these alone.
        inside = ("env", "-i", *(f"{name}={value}" for name, value in variables.items()), *command)
        namespaces = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")
        arguments = (str(self.folder), ids, folder, " ".join(only_writable), "\n".join(shared))
        return [*namespaces, "sh", "-c", ENTER, "sh", *arguments, *inside]

    def run(self, *command: str, ids: str = "0:0", folder: str = "/", env: Mapping[str, str] | None = None) -> Ran:
        """Run a command to its end."""
        words = self.command(*command, ids=ids, folder=folder, env=env)
        ran = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return Ran(ran.returncode, ran.stdout)

    def must(self, *command: str, ids: str = "0:0", folder: str = "/", env: Mapping[str, str] | None = None) -> str:
        """Run a command that has to succeed. Returns what it has written."""
        ran = self.run(*command, ids=ids, folder=folder, env=env)
        if ran.status:
            raise SystemExit(f"{' '.join(command)[:200]}: status {ran.status}:\n{ran.text[-4_000:]}")
        return ran.text


def stopped(process: Process, signal_number: int) -> int:
    """The exit status of a process of a root, after a signal to its whole session, as a terminal sends it."""
    os.killpg(process.child.pid, signal_number)
    return process.child.wait(PATIENCE_SECONDS)


def lacking() -> list[str]:
    """What this machine needs for a root, and does not have."""
    programs = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    return [*programs, *([] if os.geteuid() == 0 else ["the rights of root"])]
