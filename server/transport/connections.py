"""How many connections each client address holds, whatever they are used for."""

from collections import Counter

from server.http.clients import group_of


class Connections:
    """The count by address, of the connections as they arrive; `per_address` None lets everybody in uncounted."""

    def __init__(self, per_address: int | None = None) -> None:
        self._per_address = per_address
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    def enter(self, address: str) -> bool:
        """Whether one more is allowed; it is counted then, and must `leave`."""
        if self._per_address is None:
            return True
        group = group_of(address)
        if self._open[group] >= self._per_address:
            return False
        self._open[group] += 1
        return True

    def leave(self, address: str) -> None:
        if self._per_address is None:
            return
        group = group_of(address)
        self._open[group] -= 1
        if self._open[group] <= 0:
            del self._open[group]
