import gc
import weakref

import pytest

from schema.garbage import GarbagePause


def test_the_collector_is_off_within_a_pause_and_on_after_it() -> None:
    with GarbagePause()():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.unfreeze()


def test_it_is_on_again_once_all_pauses_are_over() -> None:
    pause = GarbagePause(reclaim_every=None)
    first, second = pause(), pause()
    with first:
        second.__enter__()
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    gc.unfreeze()


def test_it_is_on_again_after_a_failure() -> None:
    with pytest.raises(RuntimeError), GarbagePause()():
        raise RuntimeError
    assert gc.isenabled()
    gc.unfreeze()


def test_what_a_failure_leaves_is_gone_by_the_next_pause() -> None:
    class Made:
        """Something that a failure leaves unfinished."""

    def fail() -> None:
        made = Made()
        made.itself = made  # type: ignore[attr-defined]  a cycle, as a traceback makes one
        left.append(weakref.ref(made))
        raise RuntimeError

    left: list[weakref.ref[Made]] = []
    pause = GarbagePause()
    with pytest.raises(RuntimeError), pause():
        fail()
    with pause():
        assert left[0]() is None
    gc.unfreeze()


def test_what_a_pause_leaves_is_set_aside_and_looked_through_every_so_often() -> None:
    gc.unfreeze()
    pause = GarbagePause(reclaim_every=2)
    with pause():
        kept = [[n] for n in range(1_000)]
    aside = gc.get_freeze_count()
    assert aside >= len(kept)
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    with pause():
        pass
    assert gc.collect() == 0  # the second pause looked through everything, and found the cycle
    gc.unfreeze()
