"""A copy contains one commit, however many are made meanwhile."""

from collections.abc import AsyncIterator

import pytest

from jobs.backup.copying import MAX_PASSES, copy
from schema.backup import BackupError, Batch, Moment
from schema.domain.base import Slot


class Busy:
    """A source that makes a commit during each of its first `commits` reads of its state."""

    def __init__(self, commits: int) -> None:
        self.slot = 60
        self.left = commits
        self.asked: list[Moment] = []

    async def moment(self) -> Moment:
        return Moment(slot=self.slot)

    async def state(self, since: Slot | None = None) -> AsyncIterator[Batch]:
        yield Batch("registry", [b"%d" % self.slot])
        if self.left:
            self.left -= 1
            self.slot += 60

    async def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        self.asked.append(moment)
        self.slot += 60  # what is committed now belongs to another copy
        yield Batch("events", [b"%d" % (moment.slot or 0)])


class Kept:
    """A sink that keeps what was not discarded."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def put(self, batch: Batch) -> None:
        self.batches.append(batch)

    async def again(self) -> None:
        self.batches.clear()


@pytest.mark.parametrize("commits", [0, 1, MAX_PASSES - 1])
async def test_the_state_is_read_again_after_a_commit(commits: int) -> None:
    source, sink = Busy(commits), Kept()
    slot = 60 + 60 * commits
    assert await copy(source, sink) == Moment(slot=slot)
    assert sink.batches == [Batch("registry", [b"%d" % slot]), Batch("events", [b"%d" % slot])]
    assert source.asked == [Moment(slot=slot)]


async def test_commits_that_never_pause_are_given_up() -> None:
    with pytest.raises(BackupError, match=f"in each of {MAX_PASSES} attempts"):
        await copy(Busy(MAX_PASSES), Kept())
