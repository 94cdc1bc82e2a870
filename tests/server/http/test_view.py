from server.http.view import CurrentView
from tests.factories import AT, network
from tests.fakes import FakeReads


class Clock:
    now = AT + 5.0

    def __call__(self) -> float:
        return self.now


def test_the_view_stands_until_there_is_news_or_an_interval_has_passed() -> None:
    clock, reads = Clock(), FakeReads([network(1)])  # taken at AT + 2, every 60 s
    view = CurrentView(reads, clock)
    first = view()
    clock.now = AT + 61.9
    assert view() == first
    clock.now = AT + 62.0
    second = view()
    assert second != first
    reads.add(network(2, AT + 60))
    assert view() not in (first, second)


def test_the_age_limit_counts_down() -> None:
    clock = Clock()
    view = CurrentView(FakeReads([network(1)]), clock)
    for now, seconds in ((5.0, 57), (5.1, 56), (6.0, 56), (6.1, 55), (61.0, 1), (61.1, 1), (61.9, 1), (62.0, 60)):
        clock.now = AT + now
        view()
        assert view.cache_control().startswith(b"public, max-age=%d," % seconds), now


def test_without_a_snapshot_the_view_lasts_a_second() -> None:
    clock = Clock()
    view = CurrentView(FakeReads(), clock)
    first = view()
    clock.now += 1.0
    assert view() != first


def test_a_closed_past_may_be_kept_for_good() -> None:
    view = CurrentView(FakeReads([network(1)]), Clock())
    assert b"immutable" in view.cache_control(immutable=True)
