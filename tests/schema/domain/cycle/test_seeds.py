from schema.domain.cycle.merge import merge
from schema.domain.cycle.seeds import seed_reports
from schema.domain.node.failure import FailureCategory
from schema.domain.node.observation import Observation, SeedReply
from schema.domain.snapshot.record import SeedReport
from tests.factories import SEEDS, observation, seed_reply


def reports(*replies: SeedReply) -> dict[str, SeedReport]:
    return {report.seed: report for report in seed_reports(replies, merge(replies))}


def some(*numbers: int, **changes: object) -> list[Observation]:
    return [observation(number, **changes) for number in numbers]


def test_coverage_is_the_share_of_what_any_seed_lists() -> None:
    by_seed = reports(seed_reply(SEEDS[0], some(1, 2, 3)), seed_reply(SEEDS[1], some(1, 2, 3, 4)))
    assert (by_seed[SEEDS[0]].listed, by_seed[SEEDS[0]].coverage) == (3, 0.75)
    assert by_seed[SEEDS[1]].coverage == 1.0


def test_agreement_is_with_the_majority_where_others_have_a_word() -> None:
    by_seed = reports(
        seed_reply(SEEDS[0], some(1, 9)),
        seed_reply(SEEDS[1], some(1)),
        seed_reply(SEEDS[2], some(1, version="0.7.3")),
    )
    assert (by_seed[SEEDS[0]].agreement, by_seed[SEEDS[2]].agreement) == (1.0, 5 / 6)


def test_a_tie_has_no_majority() -> None:
    by_seed = reports(seed_reply(SEEDS[0], some(1)), seed_reply(SEEDS[1], some(1, version="0.7.3")))
    assert by_seed[SEEDS[0]].agreement == by_seed[SEEDS[1]].agreement == 1.0


def test_a_seed_that_shares_nothing_agrees_with_nobody() -> None:
    assert reports(seed_reply(SEEDS[0], some(1)))[SEEDS[0]].agreement is None


def test_disjoint_lists_are_islands_and_a_stray_record_does_not_join_them() -> None:
    by_seed = reports(
        seed_reply(SEEDS[0], some(*range(1, 21), 99)),
        seed_reply(SEEDS[1], some(*range(1, 19))),
        seed_reply(SEEDS[2], some(*range(50, 70), 99)),
    )
    assert [by_seed[seed].island for seed in SEEDS] == [0, 0, 1]


def test_a_bridge_joins_islands() -> None:
    by_seed = reports(
        seed_reply(SEEDS[0], some(1, 2)), seed_reply(SEEDS[1], some(3, 4)), seed_reply(SEEDS[2], some(2, 3))
    )
    assert {by_seed[seed].island for seed in SEEDS} == {0}


def test_a_seed_that_failed_has_its_failure_and_no_figures() -> None:
    report = reports(seed_reply(SEEDS[0], some(1)), seed_reply(SEEDS[1], None))[SEEDS[1]]
    assert report.failure is not None
    assert report.failure.category is FailureCategory.TIMEOUT
    assert (report.listed, report.coverage, report.island, report.ok) == (0, None, None, False)


def test_an_empty_list_belongs_to_no_island() -> None:
    assert reports(seed_reply(SEEDS[0], []), seed_reply(SEEDS[1], some(1)))[SEEDS[0]].island is None
