"""An allowance for each address: charged before, charged after, and refilled."""

from server.http.ratelimit import REMEMBERED_ADDRESSES, RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_done_already_is_taken_also_from_an_empty_allowance() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    limit.spend("a", 90)

    assert limit.wait("a") == 31
    assert limit.charge("a", 1) == 31
    clock.now = 31.0
    assert limit.wait("a") is None
    assert limit.charge("a", 1) is None


def test_nobody_owes_more_than_a_minute() -> None:
    limit = RateLimit(60, Clock())
    limit.spend("a", 10**9)

    assert limit.wait("a") == 61


def test_addresses_do_not_pay_for_each_other_and_are_bounded() -> None:
    limit = RateLimit(60, Clock())
    for number in range(REMEMBERED_ADDRESSES + 10):
        limit.spend(str(number), 100)

    assert limit.wait("new") is None
    assert limit.wait("0") is None
    assert limit.wait(str(REMEMBERED_ADDRESSES + 9)) is not None


def test_without_a_limit_everything_is_admitted() -> None:
    limit = RateLimit(None, Clock())
    limit.spend("a", 10**9)

    assert (limit.wait("a"), limit.charge("a", 10**9)) == (None, None)
