from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.versions import Compliance, compliance, latest_release, parse, sort_key, versions_behind
from tests.schema.domain.worked_examples import VERSIONS_BEHIND, Example, shown

numbers = st.integers(0, 999_999)
releases = st.lists(numbers, min_size=2, max_size=5)
dotted = releases.map(lambda parts: ".".join(map(str, parts)))
texts = dotted | st.builds("{}-{}".format, dotted, st.sampled_from(["rc.1", "trynet.20251208.abc"])) | st.text()


@pytest.mark.parametrize("row", VERSIONS_BEHIND, ids=lambda row: shown(row.given))
def test_worked_examples_of_versions_behind(row: Example):
    behind = versions_behind(**row.given)
    assert ("null" if behind is None else str(behind)) == row.expected


@pytest.mark.parametrize(
    ("text", "base", "pre", "build"),
    [
        ("0.8.0", "0.8.0", None, None),
        ("0.8", "0.8.0", None, None),
        ("v1.2.3", "1.2.3", None, None),
        ("V1.2.3", "1.2.3", None, None),
        ("0.7.3-trynet.20251210055354.57fd475", "0.7.3", "trynet.20251210055354.57fd475", None),
        ("1.2.3-rc.1+linux.x64", "1.2.3", "rc.1", "linux.x64"),
        ("1.2.3+linux", "1.2.3", None, "linux"),
        ("0.7.3.1", "0.7.3.1", None, None),
        ("1.0.0.0", "1.0.0", None, None),
    ],
)
def test_a_version_is_taken_apart(text: str, base: str, pre: str | None, build: str | None):
    version = parse(text)
    assert version is not None
    assert (version.base, version.pre, version.build) == (base, pre, build)


@pytest.mark.parametrize(
    "text",
    [None, "", "unknown", "0", "8", "0.7.x", "0.8.0-", "0.8.0+", "-1.2.3", "1.2.3 ", "1.2.3\n", "vv1.2", "١.٢.٣"],
)
def test_what_is_no_version_does_not_parse(text: str | None):
    assert parse(text) is None


@pytest.mark.parametrize("text", ["1.2.3-" + "a" * 60, "1000000.0.0", "1.1000000.0", "1.2." + "9" * 19, "1" + ".1" * 9])
def test_what_exceeds_the_bounds_does_not_parse(text: str):
    assert parse(text) is None


def test_versions_sort_by_number_and_pre_releases_below_their_release():
    ascending = [
        None,
        "",
        "unknown",
        "0.7.3-trynet.1",
        "0.7.3-trynet.2",
        "0.7.3-trynet.10",
        "0.7.3-trynet.10.a",
        "0.7.3-trynet.a",
        "0.7.3",
        "0.8.0",
        "0.10.0",
        "1.0.0",
    ]
    assert sorted(ascending[::2] + ascending[1::2], key=sort_key) == ascending


@given(st.lists(st.none() | texts, unique=True, max_size=8), st.randoms())
def test_any_texts_sort_in_one_order(values: list[str | None], random: Random):
    shuffled = random.sample(values, len(values))
    assert sorted(shuffled, key=sort_key) == sorted(values, key=sort_key)


@given(texts, texts)
def test_versions_behind_is_zero_for_newer_ones_and_fits_a_32_bit_integer(ours: str, latest: str):
    behind = versions_behind(ours, latest)
    mine, newest = parse(ours), parse(latest)
    if behind is None:
        assert mine is None or newest is None
    else:
        assert mine is not None
        assert newest is not None
        assert 0 <= behind < 2**31
        if mine.release >= newest.release:
            assert behind == 0


@given(releases, numbers)
def test_an_older_minor_is_never_nearer_to_the_latest(latest: list[int], minor: int):
    newest = ".".join(map(str, latest))
    older, newer = sorted((minor, latest[1]))
    far, near = (versions_behind(f"{latest[0]}.{minor}.0", newest) for minor in (older, newer))
    assert far is not None
    assert near is not None
    assert far >= near


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.8.1", Compliance.LATEST),
        ("0.8.1+build.5", Compliance.LATEST),
        ("0.8.1-trynet.1", Compliance.LATEST),
        ("0.9.0", Compliance.LATEST),
        ("0.8.0", Compliance.BEHIND),
        ("0.7.9", Compliance.BEHIND),
        ("0.6.9", Compliance.OUTDATED),
        ("unknown", Compliance.UNKNOWN),
        (None, Compliance.UNKNOWN),
    ],
)
def test_a_version_stands_somewhere_to_the_latest(version: str | None, expected: Compliance):
    assert compliance(version, "0.8.1") is expected


def test_nothing_complies_while_the_latest_is_not_known():
    assert compliance("0.8.0", None) is Compliance.UNKNOWN


def test_the_latest_is_the_highest_release_with_its_share():
    online = ["0.8.0"] * 14 + ["0.7.3"] * 5 + ["9.9.9"]
    assert latest_release(online, min_share=0.06) == ("0.8.0", "network")
    assert latest_release(online, min_share=0.05) == ("9.9.9", "network")


def test_one_node_of_many_cannot_name_the_latest():
    assert latest_release(["0.8.0"] * 99 + ["7.0.0"]) == ("0.8.0", "network")


def test_nodes_without_a_version_count_in_the_share():
    assert latest_release(["0.8.0", *[None] * 20]) == (None, "none")
    assert latest_release(["0.8.0", *["unknown"] * 19]) == ("0.8.0", "network")


def test_builds_and_spellings_of_a_release_are_that_release():
    assert latest_release(["v0.8", "0.8.0", "0.8.0+a", "0.8.0+b"], min_share=1) == ("0.8.0", "network")


def test_a_pre_release_does_not_make_the_releases_look_old():
    assert latest_release(["0.9.0-trynet.1"] * 4 + ["0.8.0"] * 6) == ("0.8.0", "network")


def test_where_only_pre_releases_run_their_release_is_the_latest():
    assert latest_release(["1.2.0-trynet.1", "1.2.0-trynet.2", "1.1.0-trynet.9"]) == ("1.2.0", "network")


def test_an_override_wins_and_is_brought_to_its_release():
    assert latest_release(["0.8.0"], override="v1.3-rc.1") == ("1.3.0", "override")


@pytest.mark.parametrize("override", ["", None, "newest"])
def test_an_override_that_is_no_version_is_as_good_as_none(override: str | None):
    assert latest_release(["0.8.0"], override=override) == ("0.8.0", "network")


def test_an_empty_network_has_no_latest():
    assert latest_release([]) == (None, "none")


@given(st.lists(st.none() | texts, max_size=30), st.floats(0.01, 1))
def test_the_latest_has_its_share_whatever_the_order(online: list[str | None], share: float):
    latest, source = latest_release(online, min_share=share)
    assert latest_release(online[::-1], min_share=share) == (latest, source)
    if latest is not None:
        same = [v for v in map(parse, online) if v is not None and v.base == latest]
        assert len(same) >= share * len(online)
