"""Children that end with their parent, even if it is killed (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def ended_with_parent(number: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` that makes the kernel send this signal to the child when its parent dies. None except on Linux.

    The kernel watches the thread that starts the child, so start it from a thread that lives as long as the process.
    """
    if sys.platform != "linux":
        return None
    # Loaded before the fork, because the child of a process with threads must not load anything.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the kernel knew
            os.kill(os.getpid(), number)

    return ask_the_kernel
