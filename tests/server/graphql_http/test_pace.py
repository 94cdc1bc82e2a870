"""The rate at which messages may arrive."""

from server.graphql_http.pace import Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_and_then_so_many_a_second() -> None:
    clock = Clock()
    pace = Pace(clock, at_once=3, per_second=2.0)

    assert [pace.allows() for _ in range(4)] == [True, True, True, False]
    clock.now = 1.0
    assert [pace.allows() for _ in range(3)] == [True, True, False]
