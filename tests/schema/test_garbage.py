import gc

import pytest

from schema.garbage import GarbagePause


def test_the_collector_is_off_within_a_pause_and_on_after_it() -> None:
    with GarbagePause()():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.unfreeze()


def test_it_is_on_again_after_a_failure() -> None:
    with pytest.raises(RuntimeError), GarbagePause()():
        raise RuntimeError
    assert gc.isenabled()
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
