"""The bounds on time in `tests/faults` follow the load of the machine while a test runs."""

from tests.faults.load import SAMPLES, TTL, Load


def loaded(*samples: float) -> Load:
    """After these samples, and a beginning on an idle machine."""
    coming = iter((*[1.0] * (SAMPLES + 1), *samples))
    load = Load(lambda: next(coming))
    load.begin()
    for _ in samples:
        load.look()
    return load


def test_on_an_idle_machine_the_bounds_are_those_of_the_test() -> None:
    load = loaded(*[1.0] * SAMPLES)
    assert (load.seconds(2.5), load.gap(1), load.gap(2)) == (2.5, TTL, 2 * TTL)


def test_load_that_comes_after_the_start_raises_the_bounds() -> None:
    load = loaded(*[6.0] * SAMPLES)
    assert (load.seconds(2.5), load.gap(2)) == (15.0, 5 * TTL)


def test_load_that_has_gone_still_counts_in_the_same_test() -> None:
    assert loaded(*[6.0] * SAMPLES, *[1.0] * 3 * SAMPLES).slowness == 6.0


def test_one_busy_moment_does_not_count_alone() -> None:
    assert loaded(6.0).slowness == 1.5
    assert loaded(6.0).gap(2) == 2 * TTL


def test_the_next_test_begins_anew() -> None:
    coming = iter((*[6.0] * (SAMPLES + 1), *[1.0] * (SAMPLES + 1)))
    load = Load(lambda: next(coming))
    load.begin()
    assert load.slowness == 6.0
    load.begin()
    assert load.slowness == 1.0


def test_the_load_of_this_machine_is_at_least_that_of_an_idle_one() -> None:
    load = Load()
    with load.watched():
        load.look()
    assert load.slowness >= 1.0
