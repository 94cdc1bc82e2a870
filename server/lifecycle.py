"""Whether this process accepts work: not while it starts, not while it drains, and not after it closes."""

from collections.abc import Callable


class Lifecycle:
    """start → drain → close, each once. `accepting` is true between the first two.

    `process` is the number of this process among those that share its port. None if it is the only one.
    """

    def __init__(self, process: int | None = None) -> None:
        self.process = process
        self._started = False
        self._draining = False
        self._closed = False
        self.failure: str | None = None
        self.refusal: str | None = None
        self._on_fail: list[Callable[[], None]] = []
        self._on_close: list[Callable[[], None]] = []

    @property
    def accepting(self) -> bool:
        """Whether a load balancer should send requests here."""
        return self._started and not self._draining

    @property
    def draining(self) -> bool:
        return self._draining

    def on_close(self, end: Callable[[], None]) -> None:
        """Register `end` to be called when the process closes, for work that would otherwise never end, such as
        subscriptions."""
        self._on_close.append(end)

    def on_fail(self, leave: Callable[[], None]) -> None:
        """Register `leave` to be called when the process can no longer work."""
        self._on_fail.append(leave)

    def fail(self, reason: str) -> None:
        """Report that the process can no longer work, and must end with status 1."""
        self.failure = reason
        for leave in self._on_fail:
            leave()

    def refuse(self, reason: str) -> None:
        """Report that the process must not work with this store, and must end with status 2."""
        self.refusal = reason
        for leave in self._on_fail:
            leave()

    def start(self) -> None:
        self._started = True

    def drain(self) -> None:
        """Stop accepting new work. Requests are still answered."""
        self._draining = True

    def close(self) -> None:
        """End work that would otherwise never end."""
        self._draining = True
        if not self._closed:
            self._closed = True
            for end in self._on_close:
                end()
