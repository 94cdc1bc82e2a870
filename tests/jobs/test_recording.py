from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs import recording
from jobs.recording import BadRecording, read_recording, recording_files

CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "captures"
AT = 1_766_756_391
POD: dict[str, Any] = {
    "address": "7.1.2.3:9001",
    "is_public": True,
    "last_seen_timestamp": AT,
    "pubkey": "1" * 32,
    "rpc_port": 6000,
    "storage_committed": 340_000_000_000,
    "storage_usage_percent": 0.5,
    "storage_used": 1_700_000_000,
    "uptime": 986_553,
    "version": "0.8.0",
}


def write(folder: Path, document: object, name: str = "list.json") -> Path:
    path = folder / name
    path.write_bytes(document if isinstance(document, bytes) else orjson.dumps(document))
    return path


@pytest.mark.parametrize(
    "document",
    [
        {"updatedAt": "2025-12-26T13:39:51.904Z", "count": 1, "nodes": [POD]},
        {"error": None, "id": 1, "jsonrpc": "2.0", "result": {"pods": [POD], "total_count": 1}},
        {"pods": [POD], "total_count": 1},
        [POD],
    ],
)
def test_every_known_shape_gives_the_same_pods(tmp_path: Path, document: object) -> None:
    found = read_recording(write(tmp_path, document))
    assert found.pods == [POD]
    assert found.seed is None
    assert found.has_stats


def test_keys_that_no_pod_says_are_left_out_and_values_stay_as_they_are(tmp_path: Path) -> None:
    odd = {**POD, "pod_credits": 7, "uptime": "long", "storage_used": None, "last_seen": "2025-12-26 13:39:51 UTC"}
    (pod,) = read_recording(write(tmp_path, [odd])).pods
    assert pod == {key: value for key, value in odd.items() if key != "pod_credits"}


def test_a_get_pods_list_has_no_stats(tmp_path: Path) -> None:
    short = {key: POD[key] for key in ("address", "last_seen_timestamp", "pubkey", "version")}
    assert not read_recording(write(tmp_path, [short])).has_stats


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    found = read_recording(write(tmp_path, {"updatedAt": AT, "nodes": []}))
    assert (found.taken_at, found.pods, found.has_stats) == (AT, [], False)


def test_the_seed_is_the_one_that_the_file_names(tmp_path: Path) -> None:
    assert read_recording(write(tmp_path, {"seed": "7.9.9.9", "nodes": [POD]})).seed == "7.9.9.9"


@pytest.mark.parametrize(
    ("updated_at", "taken_at"),
    [
        ("2025-12-26T13:39:51.904Z", AT + 0.904),
        ("2025-12-26T14:39:51+01:00", AT),
        ("2025-12-26 13:39:51", AT),
        (AT, AT),
        (AT + 0.5, AT + 0.5),
        (AT * 1000 + 904, AT + 0.904),
    ],
)
def test_the_time_is_updated_at(tmp_path: Path, updated_at: object, taken_at: float) -> None:
    path = write(tmp_path, {"updatedAt": updated_at, "nodes": [POD]}, "20200101T000000.json")
    assert read_recording(path).taken_at == pytest.approx(taken_at)


@pytest.mark.parametrize(
    "name",
    ["20251226T133951.json", "20251226133951.json", "pods_2025-12-26T13-39-51Z.json", "pods 2025-12-26 13:39:51.json"],
)
def test_without_it_the_time_is_that_in_the_name(tmp_path: Path, name: str) -> None:
    assert read_recording(write(tmp_path, [{**POD, "last_seen_timestamp": 1}], name)).taken_at == AT


@pytest.mark.parametrize(
    "name", ["list.json", "pods-20251226-0.8.0.json", "20259926T133951.json", "120251226T133951.json"]
)
def test_without_both_it_is_the_newest_contact_in_the_list(tmp_path: Path, name: str) -> None:
    older = {**POD, "last_seen_timestamp": AT - 900}
    odd = [{**POD, "last_seen_timestamp": value} for value in (None, "x", True, -5, 10**12)]
    assert read_recording(write(tmp_path, [older, POD, *odd], name)).taken_at == AT


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"5", "found a int"),
        ({"pods_credits": [], "status": "success"}, "found an object with the keys pods_credits, status"),
        ({}, "found an object with the keys (none)"),
        ({"result": {"version": "0.8.0"}, "error": None}, "found an object with the keys error, result"),
        ({"error": {"code": -32601, "message": "Method not found"}, "id": 1}, "found an error reply ({'code': -32601"),
        ({"nodes": {"a": POD}}, "found an object with the keys nodes"),
        ([POD, 7], "entry 1 is 7; expected a pod"),
        ([POD, {"pubkey": "x"}], "entry 1 is an object with the keys ['pubkey']; expected a pod"),
        ({"updatedAt": "yesterday", "nodes": [POD]}, "updatedAt is 'yesterday'; expected an ISO 8601 time"),
        ({"updatedAt": True, "nodes": [POD]}, "updatedAt is 'True'"),
        ({"updatedAt": 10**18, "nodes": [POD]}, "updatedAt is '1000000000000000000'"),
        ({"seed": 7, "nodes": [POD]}, "seed is '7'; expected HOST or HOST:PORT"),
        ([{"address": "7.1.2.3:9001"}], "says nowhere when it was taken"),
        ([], "says nowhere when it was taken"),
    ],
)
def test_what_is_no_recording_is_named_with_what_was_found(tmp_path: Path, document: object, found: str) -> None:
    path = write(tmp_path, document)
    with pytest.raises(BadRecording) as caught:
        read_recording(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert found in str(caught.value)
    assert "expected" in str(caught.value)


def test_a_message_stays_short_whatever_the_file_holds(tmp_path: Path) -> None:
    for document in ({"k" * 10**5: 1}, ["x" * 10**5], {"updatedAt": "x" * 10**5, "nodes": []}, [{"y" * 10**5: 1}]):
        with pytest.raises(BadRecording) as caught:
            read_recording(write(tmp_path, document))
        assert len(str(caught.value)) < 600


def test_files_and_lists_over_the_bounds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(recording.MAX_FILE_BYTES + 1)
    with pytest.raises(BadRecording, match=f"{recording.MAX_FILE_BYTES + 1} bytes; expected at most"):
        read_recording(path)
    many = b"[" + b",".join([b'{"address":""}'] * (recording.MAX_PODS + 1)) + b"]"
    with pytest.raises(BadRecording, match=f"{recording.MAX_PODS + 1} pods; expected at most"):
        read_recording(write(tmp_path, many))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match=r"absent\.json: cannot be read"):
        read_recording(tmp_path / "absent.json")


def test_a_folder_gives_its_json_files_by_name_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "readme.txt"):
        write(tmp_path, [POD], name)
    (tmp_path / "c.json").mkdir()
    assert [path.name for path in recording_files(tmp_path)] == ["a.json", "b.json"]
    assert recording_files(tmp_path / "b.json") == (tmp_path / "b.json",)


def test_a_folder_without_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match=r"found 0 \*.json files; expected 1 to"):
        recording_files(tmp_path)
    with pytest.raises(BadRecording, match="no such file or folder"):
        recording_files(tmp_path / "absent")


@pytest.mark.captures
def test_real_lists_are_read_with_their_times() -> None:
    series = CAPTURES / "series-20251226"
    if not series.exists():
        pytest.skip(f"no recordings at {CAPTURES}")
    lists = [read_recording(path) for path in recording_files(series)]
    assert [len(each.pods) for each in lists] == [
        orjson.loads(path.read_bytes())["count"] for path in recording_files(series)
    ]
    assert all(0 < after.taken_at - before.taken_at < 3_600 for before, after in pairwise(lists))
    assert not any("pod_credits" in pod for each in lists for pod in each.pods)
    raw = read_recording(CAPTURES / "pods-with-stats-20251217-0.8.0.json")
    assert (len(raw.pods), raw.has_stats) == (204, True)
    assert raw.taken_at == max(pod["last_seen_timestamp"] for pod in raw.pods)
    assert not read_recording(CAPTURES / "pods-20251207-0.6.0.json").has_stats
