import gc
import weakref
from collections.abc import Iterator

import pytest

from schema.garbage import GarbagePause


@pytest.fixture(autouse=True)
def set_aside_as_before() -> Iterator[None]:
    """The run has set its own modules and tests aside (tests/conftest.py), which these tests undo."""
    yield
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def test_the_collector_is_off_within_a_pause_and_on_after_it() -> None:
    with GarbagePause()():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.unfreeze()


def test_it_is_on_again_once_all_pauses_are_over_and_sets_nothing_aside_unless_it_may() -> None:
    pause = GarbagePause(sets_aside=False)
    aside = gc.get_freeze_count()
    first, second = pause(), pause()
    with first:
        second.__enter__()
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    assert gc.get_freeze_count() == aside


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


def test_garbage_from_between_pauses_is_not_set_aside() -> None:
    class Asked:
        """Something with a cycle in it, as parsed documents have."""

    pause = GarbagePause()
    with pause():
        pass
    left: list[weakref.ref[Asked]] = []
    for _ in range(100):
        asked = Asked()
        asked.itself = asked  # type: ignore[attr-defined]
        left.append(weakref.ref(asked))
        del asked
    with pause():
        assert not any(one() for one in left)
    gc.unfreeze()


def test_what_was_set_aside_is_looked_through_once_it_is_more_than_twice_as_much() -> None:
    gc.unfreeze()
    gc.collect()
    pause = GarbagePause(spare=500, count_every=2)
    cycle: list[object] = []
    cycle.append(cycle)
    with pause():
        pass
    pause.look_through()
    aside = gc.get_freeze_count()
    del cycle
    grown = [[n] for n in range(aside + 1_000)]
    with pause():
        pass
    pause.look_through()
    assert gc.get_freeze_count() > 2 * aside + 500  # not counted, so that the list that holds itself is still among it
    pause.look_through()
    gc.unfreeze()
    assert gc.collect() == 0  # the third look counted, and found it
    del grown
