import pytest

from schema.domain.history.points import HistoryPoint, Stat
from schema.domain.history.timeline import OnlineSamples, online_samples, version_at
from schema.domain.node.pnode import VersionChange
from tests import factories
from tests.factories import AT

NODE = factories.pnode(
    version="0.8.0",
    previous_versions=(VersionChange(version="0.7.3", until=AT - 100), VersionChange(version="0.7.0", until=AT - 500)),
)


def observed(start: int, *, n: int, online: int) -> HistoryPoint:
    stat = Stat(n=n, sum=online, min=0, max=1, last=1)
    return HistoryPoint(start=start, end=start + 60, samples=n, expected=n, stats={"online": stat})


@pytest.mark.parametrize(
    ("at", "version"),
    [
        (AT - 900, "0.7.0"),
        (AT - 500, "0.7.0"),
        (AT - 499, "0.7.3"),
        (AT - 100, "0.7.3"),
        (AT - 99, "0.8.0"),
        (AT, "0.8.0"),
    ],
)
def test_the_version_at_a_time(at: int, version: str) -> None:
    assert version_at(NODE, at) == version


def test_presence_adds_up_the_samples_of_all_points() -> None:
    points = [observed(AT, n=10, online=4), observed(AT + 60, n=5, online=5)]
    assert online_samples(points) == OnlineSamples(samples=15, online=9)
    assert online_samples(points).percent == 60.0


def test_without_observations_nothing_is_claimed() -> None:
    assert online_samples([]) == OnlineSamples(samples=0, online=0)
    assert online_samples([]).percent == 0.0
