from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.past.recording import BadRecording, Recording, read_recording
from jobs.simulate.replay import Reel, Replay, place_of, read_reels, shifted
from jobs.simulate.source import INTERNAL_ERROR, METHOD_NOT_FOUND, Seed

SERIES = Path(__file__).parents[4] / "shared" / "data" / "captures" / "series-20251226"
TAKEN = 1_766_756_000
NOW = 1_800_000_000


def pod(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "address": f"7.1.2.{number}:9001",
        "last_seen_timestamp": TAKEN - number,
        "pubkey": None,
        "uptime": 100 + number,
        "version": "0.8.0",
        **changes,
    }


def record(folder: Path, index: int, pods: list[dict[str, Any]], **fields: Any) -> Path:
    """A list from 20 minutes after the previous one."""
    path = folder / f"{index:03}.json"
    path.write_bytes(orjson.dumps({"updatedAt": TAKEN + index * 1_200, "nodes": pods, **fields}))
    return path


def asked(replay: Replay, second: int, method: str = "get-pods-with-stats", seed: int = 0) -> list[dict[str, Any]]:
    result = replay.result(seed, method, second)
    assert isinstance(result, bytes)
    answer = orjson.loads(result)
    assert answer["total_count"] == len(answer["pods"])
    return answer["pods"]


@pytest.fixture
def three(tmp_path: Path) -> tuple[Reel, ...]:
    for index in range(3):
        record(tmp_path, index, [pod(uptime=index)])
    return read_reels(tmp_path)


@given(st.lists(st.integers(0, TAKEN), max_size=20), st.integers(0, 2**31), st.floats(0, 1, exclude_max=True))
def test_ages_are_those_of_the_recording(stamps: list[int], second: int, fraction: float) -> None:
    recording = Recording(TAKEN + fraction, None, [pod(last_seen_timestamp=stamp) for stamp in stamps])
    for stamp, moved in zip(stamps, shifted(recording, second), strict=True):
        assert abs((second - moved["last_seen_timestamp"]) - (TAKEN + fraction - stamp)) <= 1


def test_a_contact_moves_by_the_age_of_the_list_and_an_uptime_does_not() -> None:
    (moved,) = shifted(Recording(TAKEN + 0.9, None, [pod(5)]), NOW)
    assert moved == {**pod(5), "last_seen_timestamp": NOW - 6}
    assert list(moved) == sorted(moved)


@pytest.mark.parametrize("odd", [None, "x", True, [], 10**19])
def test_a_contact_that_is_no_time_stays_as_it_is(odd: object) -> None:
    (moved,) = shifted(Recording(TAKEN, None, [pod(last_seen_timestamp=odd)]), NOW)
    assert moved["last_seen_timestamp"] == odd


def test_rows_that_are_no_pods_and_keys_that_no_pod_sends_are_left_out() -> None:
    rows: list[Any] = [None, 7, "x", [], {**pod(5), "pod_credits": 7}]
    assert shifted(Recording(TAKEN, None, rows), TAKEN) == [pod(5)]


def test_the_time_in_words_is_left_out() -> None:
    assert "last_seen" not in shifted(Recording(TAKEN, None, [pod(last_seen="2025-12-26 13:39:51 UTC")]), NOW)[0]


@pytest.mark.parametrize(
    ("passed", "held", "looped"), [(-1, 0, 2), (0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 2, 0), (7, 2, 1)]
)
def test_the_last_list_is_held_unless_the_reel_loops(passed: int, held: int, looped: int) -> None:
    assert place_of(passed, 3, loop=False) == held
    assert place_of(passed, 3, loop=True) == looped


def test_each_slot_has_the_next_list(three: tuple[Reel, ...]) -> None:
    replay = Replay(three, interval=60, first_slot=NOW)
    assert NOW % 60 == 0
    seen = [asked(replay, NOW + passed)[0]["uptime"] for passed in (0, 59, 60, 119, 120, 600)]
    assert seen == [0, 0, 1, 1, 2, 2]


def test_the_first_slot_is_that_of_the_first_question_for_a_list(three: tuple[Reel, ...]) -> None:
    replay = Replay(three, interval=60)
    replay.result(0, "get-version", NOW - 600)
    assert [asked(replay, NOW + passed)[0]["uptime"] for passed in (45, 60)] == [0, 1]


def test_a_reel_that_loops_begins_again(three: tuple[Reel, ...]) -> None:
    replay = Replay(three, interval=5, first_slot=NOW, loop=True)
    assert [asked(replay, NOW + passed)[0]["uptime"] for passed in range(0, 25, 5)] == [0, 1, 2, 0, 1]


def test_lists_come_in_the_order_in_which_they_were_taken_not_in_that_of_their_names(tmp_path: Path) -> None:
    record(tmp_path, 1, [pod(uptime=1)]).rename(tmp_path / "a.json")
    record(tmp_path, 0, [pod(uptime=0)]).rename(tmp_path / "b.json")
    replay = Replay(read_reels(tmp_path), interval=60, first_slot=NOW)
    assert [asked(replay, NOW + passed)[0]["uptime"] for passed in (0, 60)] == [0, 1]


def test_lists_that_name_their_seed_are_served_by_it_under_its_name(tmp_path: Path) -> None:
    record(tmp_path, 0, [pod(uptime=10)], seed="7.9.9.1")
    record(tmp_path, 1, [pod(uptime=20)], seed="7.9.9.2:6001")
    record(tmp_path, 2, [pod(uptime=11)], seed="7.9.9.1")
    replay = Replay(read_reels(tmp_path), interval=60, first_slot=NOW)
    assert replay.seeds == (Seed("7.9.9.1"), Seed("7.9.9.2:6001"))
    assert [asked(replay, NOW + 60, seed=seed)[0]["uptime"] for seed in (0, 1)] == [11, 20]


def test_lists_that_name_no_seed_are_of_one(three: tuple[Reel, ...]) -> None:
    assert len(three) == 1
    assert len(three[0].lists) == 3


def test_get_pods_is_answered_from_the_same_list(three: tuple[Reel, ...]) -> None:
    replay = Replay(three, interval=60, first_slot=NOW)
    (short,) = asked(replay, NOW, "get-pods")
    assert list(short) == ["address", "last_seen_timestamp", "pubkey", "version"]


def test_a_list_without_stats_is_that_of_a_seed_that_knows_none(tmp_path: Path) -> None:
    record(tmp_path, 0, [{key: value for key, value in pod().items() if key != "uptime"}])
    replay = Replay(read_reels(tmp_path), interval=60)
    assert replay.result(0, "get-pods-with-stats", NOW) is METHOD_NOT_FOUND
    assert len(asked(replay, NOW, "get-pods")) == 1


def test_what_was_not_recorded_is_not_invented(three: tuple[Reel, ...]) -> None:
    replay = Replay(three, interval=60)
    assert replay.result(0, "get-version", NOW) is INTERNAL_ERROR
    assert replay.result(0, "get-stats", NOW) is INTERNAL_ERROR
    assert replay.result(0, "nope", NOW) is METHOD_NOT_FOUND


def test_a_file_that_went_away_is_an_error_of_that_call(three: tuple[Reel, ...]) -> None:
    replay = Replay(three, interval=60, first_slot=NOW)
    three[0].lists[1][1].unlink()
    assert len(asked(replay, NOW)) == 1
    assert replay.result(0, "get-pods", NOW + 60) is INTERNAL_ERROR
    assert len(asked(replay, NOW + 120)) == 1


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    record(tmp_path, 0, [pod()])
    (tmp_path / "credits.json").write_bytes(b'{"pods_credits":[]}')
    with pytest.raises(BadRecording, match=r"credits.json: found an object with the keys pods_credits"):
        read_reels(tmp_path)


def test_an_interval_of_nothing_is_refused(three: tuple[Reel, ...]) -> None:
    with pytest.raises(ValueError, match="interval=0: expected at least 1 second"):
        Replay(three, interval=0)


@pytest.mark.captures
def test_a_real_series_keeps_its_ages_uptimes_and_length() -> None:
    if not SERIES.exists():
        pytest.skip(f"no recordings at {SERIES}")
    reels = read_reels(SERIES)
    replay = Replay(reels, interval=60, first_slot=NOW)
    for index, (taken_at, path) in enumerate(reels[0].lists):
        recorded = [cast("dict[str, Any]", row) for row in read_recording(path).rows]
        now = NOW + 60 * index + 7
        served = asked(replay, now)
        assert [each["address"] for each in served] == [each["address"] for each in recorded]
        assert [each["uptime"] for each in served] == [each["uptime"] for each in recorded]
        assert all(
            abs(now - after["last_seen_timestamp"] - taken_at + before["last_seen_timestamp"]) <= 1
            for before, after in zip(recorded, served, strict=True)
        )
