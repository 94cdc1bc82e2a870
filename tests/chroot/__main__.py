"""What the README and the Dockerfile say, in Debian systems of their own: `python -m tests.chroot MODE`.

`readme` is the README's commands, and `image` the Dockerfile's instructions and what is started of its image. Without a
MODE both run. It needs the rights of root and debootstrap, and changes nothing outside of its folder.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chroot import containers, image, readme
from tests.chroot.root import Root, lacking

MODES = ("readme", "image")
SUITE = "bookworm"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if everything passed. A failure ends the process with its reason."""
    parser = argparse.ArgumentParser(prog="tests.chroot", description=__doc__, allow_abbrev=False)
    parser.add_argument("modes", nargs="*", default=MODES, metavar="MODE", help=" or ".join(MODES))
    parser.add_argument("--suite", default=SUITE, help="the release of Debian")
    parser.add_argument("--python", type=Path, help="a folder with another Python, such as one that pyenv has built")
    parser.add_argument("--tests", action="store_true", help="readme: run `make test` too, which takes long")
    parser.add_argument(
        "--share", action="append", default=[], type=Path, help="a folder that pip of this machine uses"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.modes) - set(MODES):
        parser.error(f"{', '.join(sorted(unknown))}: expected {' or '.join(MODES)}")
    if missing := lacking():
        sys.stderr.write(f"tests.chroot needs {', '.join(missing)}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="pnodes-chroot-", dir=os.environ.get("CHROOTS")) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for mode in options.modes:
            _say(f"== {mode}, {options.suite}")
            run = {"readme": _readme, "image": _image}[mode]
            run(folder / mode, options)
    return 0


def _readme(folder: Path, options: argparse.Namespace) -> None:
    root = _debian(folder, readme.PACKAGES, options)
    python = str(_python(options) or "")
    readme.clone(root)
    readme.demo(root, folder / "demo.log", python, _say)
    if options.tests:
        log = Path(tempfile.gettempdir()) / f"pnodes-chroot-{os.getpid()}-test.log"
        readme.tests(root, log, python, _say)


def _image(folder: Path, options: argparse.Namespace) -> None:
    debian = _debian(folder, image.PACKAGES, options)
    containers.check(image.build(image.bases(debian, _python(options)), folder, _say), folder, _say)


def _debian(folder: Path, packages: Sequence[str], options: argparse.Namespace) -> Root:
    folder.mkdir()
    shared = [*options.share, *([options.python] if options.python else [])]
    root = Root.made(options.suite, packages, folder / "debian", shared)
    if options.python:
        _let_through(root, options.python)
    return root


def _python(options: argparse.Namespace) -> Path | None:
    """The given Python, if there is one."""
    return next((options.python / "bin").glob("python3.[0-9][0-9]")) if options.python else None


def _let_through(root: Root, place: Path) -> None:
    """Let users enter the folders above a place, as /root for example does not."""
    for parent in reversed(place.parents[:-1]):
        root.path(str(parent)).mkdir(exist_ok=True)
        root.path(str(parent)).chmod(0o755)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
