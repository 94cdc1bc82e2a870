import pytest

from jobs.simulate.character import SOUND, Character, Course, Process, Release, course
from jobs.simulate.draws import Draws
from schema.domain.base import DAY, HOUR

START, END = 1_767_225_600, 1_767_225_600 + 90 * DAY
RELEASES = (Release("0.8.0", 0), Release("0.9.0", START + 30 * DAY), Release("0.10.0", START + 60 * DAY))


def courses(character: Character, count: int = 40) -> list[Course]:
    return [course(Draws("test", n), character, START, END, RELEASES) for n in range(count)]


def shares(character: Character) -> list[float]:
    """The share of its own time in which each node is up."""
    return [each.share_up(max(START, each.processes[0].start), END) for each in courses(character)]


@pytest.mark.parametrize("character", list(Character))
def test_processes_follow_one_another_within_the_months(character: Character) -> None:
    for each in courses(character):
        ends = [process.end for process in each.processes]
        assert all(process.start < process.end <= END for process in each.processes)
        assert all(end <= process.start for end, process in zip(ends, each.processes[1:], strict=False))


@pytest.mark.parametrize("character", sorted(SOUND))
def test_sound_nodes_are_up_almost_all_the_time(character: Character) -> None:
    assert min(shares(character)) > 0.97
    assert sum(shares(character)) / 40 > 0.995


@pytest.mark.parametrize("character", [Character.FLAKY, Character.LYING, Character.YOUNG_FLAKY])
def test_flaky_nodes_differ_and_are_down_often(character: Character) -> None:
    assert min(shares(character)) < 0.85
    assert max(shares(character)) - min(shares(character)) > 0.1
    assert sum(shares(character)) / 40 < 0.95


@pytest.mark.parametrize("character", [Character.DYING, Character.DEAD])
def test_those_that_die_are_never_up_again(character: Character) -> None:
    for each in courses(character):
        assert each.died_at is not None
        assert each.processes[-1].end <= each.died_at < END
        assert each.process_at(each.died_at + HOUR) is None


def test_a_dying_node_is_down_more_in_its_last_days_than_before_and_a_dead_one_is_not() -> None:
    def last_days(character: Character) -> float:
        found = [each.share_up(each.died_at - 7 * DAY, each.died_at) for each in courses(character) if each.died_at]
        return sum(found) / len(found)

    assert last_days(Character.DYING) < 0.85
    assert last_days(Character.DEAD) > 0.98


def test_upgrading_nodes_run_each_release_within_a_day_and_no_good_one_is_ahead_of_a_release() -> None:
    for release in RELEASES[1:]:
        for each in courses(Character.UPGRADING):
            running = each.last_before(release.at + DAY + HOUR)
            assert running is not None
            assert running.version == release.version
        for each in courses(Character.GOOD):
            before = each.last_before(release.at - 1)
            assert before is not None
            assert before.version != release.version


def test_young_nodes_begin_during_the_months() -> None:
    assert all(START < each.processes[0].start < END for each in courses(Character.YOUNG))


def test_a_course_knows_what_runs_when() -> None:
    made = Course(Character.GOOD, (Process(100, 200, "0.8.0"), Process(250, 300, "0.9.0")))
    assert made.process_at(99) is None
    assert made.process_at(100) == made.processes[0]
    assert made.process_at(200) is None
    assert made.last_before(220) == made.processes[0]
    assert made.share_up(100, 300) == 0.75
