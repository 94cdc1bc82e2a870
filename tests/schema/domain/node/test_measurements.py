import pytest

from schema.domain.node.measurements import disagreements, measure, said_of, usage_percent
from schema.domain.node.observation import Listing
from schema.domain.node.pnode import Disagreement, MissingField, MissingReason
from tests.factories import AT, SEEDS, observation, pod_stats, seed_reply

ALL = frozenset(SEEDS)


def row(seed: str = SEEDS[0], **changes: object) -> Listing:
    return Listing(seed, AT - 5, observation(1, **changes))


def test_the_freshest_row_that_knows_a_value_gives_it() -> None:
    legacy = row(SEEDS[0], uptime=None, storage_committed=None, storage_used=None, is_public=None, rpc_port=None)
    values, provenance = measure([legacy, row(SEEDS[1], uptime=77)], None, AT, ALL)
    assert (values["uptime"], values["is_public"], values["version"]) == (77, True, "0.8.0")
    assert (provenance.seed, provenance.observed_at, provenance.missing) == (SEEDS[0], AT, ())


def test_what_should_be_equal_everywhere_is_what_most_seeds_say() -> None:
    rows = [row(SEEDS[0], version="0.7.3"), row(SEEDS[1]), row(SEEDS[2])]
    values, provenance = measure(rows, None, AT, ALL)
    assert values["version"] == "0.8.0"
    assert [d.field for d in provenance.disagreements] == ["version"]


def test_of_what_moves_all_the_time_the_value_in_the_middle_counts() -> None:
    rows = [row(seed, storage_used=used) for seed, used in zip(SEEDS, (2**63 - 1, 7, 5), strict=True)]
    assert measure(rows, None, AT, ALL).values["storage_used"] == 7
    assert measure(rows[:2], None, AT, ALL).values["storage_used"] == 2**63 - 1


def test_seeds_that_see_the_node_live_are_believed() -> None:
    rows = [row(SEEDS[0], version="0.7.3"), row(SEEDS[1], version="0.7.3"), row(SEEDS[2])]
    values, provenance = measure(rows, None, AT, ALL, moving=frozenset(SEEDS[2:]))
    assert (values["version"], provenance.seed) == ("0.8.0", SEEDS[2])


def test_a_value_that_no_believed_seed_has_comes_from_another() -> None:
    rows = [row(SEEDS[0]), row(SEEDS[1], storage_used=None)]
    assert measure(rows, None, AT, ALL, moving=frozenset(SEEDS[1:2])).values["storage_used"] is not None


def test_of_values_that_equally_many_seeds_give_the_freshest_counts() -> None:
    values, _ = measure([row(SEEDS[0], version="0.7.3"), row(SEEDS[1])], None, AT, ALL)
    assert values["version"] == "0.7.3"


@pytest.mark.parametrize(
    ("used", "committed", "reported", "expected"),
    [
        (50, 200, 99.0, 25.0),
        (0, 200, 99.0, 0.0),
        (50, None, 0.25, 0.25),
        (None, 200, 0.25, 0.25),
        (50, 0, 0.25, 0.25),
        (None, None, None, None),
    ],
)
def test_usage_is_derived_and_the_reported_value_a_fallback(
    used: int | None, committed: int | None, reported: float | None, expected: float | None
) -> None:
    assert usage_percent(used, committed, reported) == expected


def test_a_nodes_own_word_wins_on_its_version_and_fills_gaps_elsewhere() -> None:
    own = seed_reply(SEEDS[2], [], version="1.0.0", stats=pod_stats(uptime=5, file_size=10, total_bytes=1))
    values, provenance = measure([row(storage_used=None)], own, AT, ALL)
    assert (values["version"], values["uptime"], values["storage_used"]) == ("1.0.0", row().observation.uptime, 1)
    assert values["storage_committed"] != 10
    assert provenance.own_fields == ("storage_used", "version")
    assert measure([row(uptime=None)], own, AT, ALL).values["uptime"] == 5


def test_a_seed_that_nobody_lists_knows_what_only_it_says() -> None:
    own = seed_reply(SEEDS[2], [], stats=None)
    values, provenance = measure([], own, AT, ALL)
    assert (values["version"], values["uptime"]) == ("0.8.0", None)
    assert MissingField(field="uptime", reason=MissingReason.NOT_LISTED) in provenance.missing


@pytest.mark.parametrize(
    ("rows", "with_stats", "reason"),
    [
        ([row(uptime=None)], ALL, MissingReason.NOT_REPORTED),
        ([row(uptime=None, invalid=("uptime",))], ALL, MissingReason.INVALID),
        ([row(uptime=None)], frozenset(), MissingReason.NOT_IN_PROTOCOL),
        ([row(SEEDS[1], uptime=None)], frozenset({SEEDS[0]}), MissingReason.NOT_IN_PROTOCOL),
    ],
)
def test_every_missing_value_says_why(rows: list[Listing], with_stats: frozenset[str], reason: MissingReason) -> None:
    _, provenance = measure(rows, None, AT, with_stats)
    assert provenance.missing == (MissingField(field="uptime", reason=reason),)


def test_what_seeds_differ_on_is_kept_not_averaged() -> None:
    rows = [row(SEEDS[0]), row(SEEDS[1], version="0.7.3"), row(SEEDS[2], version="0.7.3")]
    assert disagreements(rows, said_of(rows)) == (
        Disagreement(field="version", values=(("0.7.3", (SEEDS[1], SEEDS[2])), ("0.8.0", (SEEDS[0],)))),
    )


def test_uptimes_may_differ_and_unknowns_do_not_disagree() -> None:
    rows = [row(SEEDS[0], uptime=1), row(SEEDS[1], uptime=2, version=None)]
    assert disagreements(rows, said_of(rows)) == ()
