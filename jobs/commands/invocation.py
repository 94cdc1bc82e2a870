"""The command line that runs `pnodes` on this machine, for hints that can be pasted into a shell."""

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "pnodes"
CHECKOUT = Path(__file__).resolve().parent.parent.parent
MODULE = "jobs"


def invocation(interpreter: Path | None = None, folder: Path | None = None, search: str | None = None) -> str:
    """The shortest form that runs this installation: `pnodes`, a path to it, or `python -m jobs`.

    The defaults are the running interpreter, the working folder and PATH.
    """
    python = interpreter or Path(sys.executable)
    here = folder or Path.cwd()
    found = shutil.which(NAME, path=search)
    for script in (python.parent / NAME, CHECKOUT / "deploy" / NAME):
        if os.access(script, os.X_OK):
            on_path = found is not None and script.samefile(found)
            return NAME if on_path else shlex.quote(_from(here, script))
    return f"{shlex.quote(_from(here, python))} -m {MODULE}"


def _from(folder: Path, place: Path) -> str:
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place)
