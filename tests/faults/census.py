"""`python -m tests.faults.census MODULE ARGUMENTS…`: run a module as `python -m` does, and count objects on SIGUSR1.

Each count is a line of the log: `{"event": "census", "tasks": …, "objects": …, "kinds": {…}}`.
"""

import asyncio
import ctypes
import gc
import json
import runpy
import signal
import sys
from collections import Counter
from types import FrameType

EVENT = "census"
LEAST_OF_A_KIND = 200


def count() -> dict[str, object]:
    """The asyncio tasks and objects that remain after a full garbage collection, and the count of each frequent kind.

    Objects that the process excluded from collections are counted too, and excluded again. Freed memory is returned to
    the system (glibc), so that resident memory shows what the process uses, without the reserve of its allocator.
    """
    aside = gc.get_freeze_count()
    gc.unfreeze()
    gc.collect()
    kinds: Counter[type] = Counter(map(type, gc.get_objects()))
    if aside:
        gc.freeze()
    ctypes.CDLL(None).malloc_trim(0)
    return {
        "event": EVENT,
        "tasks": sum(number for kind, number in kinds.items() if issubclass(kind, asyncio.Task)),
        "objects": kinds.total(),
        "kinds": {
            f"{kind.__module__}.{kind.__qualname__}": number
            for kind, number in kinds.most_common()
            if number >= LEAST_OF_A_KIND
        },
    }


def _report(_: int, __: FrameType | None) -> None:
    sys.stderr.write(json.dumps(count()) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _report)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
