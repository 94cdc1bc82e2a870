from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from jobs.past import recording
from jobs.past.recording import BadRecording, read_recording, recording_files

CAPTURES = Path(__file__).parents[4] / "shared" / "data" / "captures"
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
    assert found.rows == [POD]
    assert found.seed is None
    assert found.has_stats


def test_rows_stay_as_they_are_and_keys_that_no_pod_sends_are_counted(tmp_path: Path) -> None:
    odd = {**POD, "pod_credits": 7, "uptime": "long", "storage_used": None, "last_seen": "2025-12-26 13:39:51 UTC"}
    rows = [odd, None, 7, {"pubkey": "x"}, {**POD, "pod_credits": 1, "city": "Ulm"}]
    found = read_recording(write(tmp_path, {"updatedAt": AT, "nodes": rows, "source": "me"}))
    assert found.rows == rows
    assert found.ignored == {"pod_credits": 2, "city": 1, "source": 1}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


@pytest.mark.parametrize("spell", [camel, str.upper, str.title, lambda name: name.replace("_", "-")])
@pytest.mark.parametrize("name", sorted(recording.POD_KEYS))
def test_a_key_of_the_protocol_in_another_spelling_is_refused_and_named(
    tmp_path: Path, name: str, spell: Callable[[str], str]
) -> None:
    row = {**POD, "last_seen": "2025-12-26 13:39:51 UTC"}
    other = {spell(key) if key == name else key: value for key, value in row.items()}
    path = write(tmp_path, {"updatedAt": AT, "nodes": [None, other]})
    if spell(name) == name:
        assert read_recording(path).ignored == {}
        return
    with pytest.raises(BadRecording, match=rf"not those of the protocol: {spell(name)}; expected {name}$"):
        read_recording(path)


def test_a_wrapper_key_in_another_spelling_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="protocol: updated_at; expected updatedAt"):
        read_recording(write(tmp_path, {"updated_at": "2025-12-26T13:39:51Z", "nodes": [POD]}))


def test_another_spelling_beside_the_right_one_is_only_ignored(tmp_path: Path) -> None:
    found = read_recording(write(tmp_path, [{**POD, "storageUsed": 7}, POD]))
    assert found.ignored == {"storageUsed": 1}


def with_uptimes(*uptimes: object) -> list[dict[str, Any]]:
    return [{**POD, "uptime": uptime} for uptime in uptimes]


def test_uptimes_in_percent_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="expected seconds, not percent"):
        read_recording(write(tmp_path, with_uptimes(27, 99.98, 100, 0, 50)))


def test_uptimes_that_may_be_percent_are_warned_of(tmp_path: Path) -> None:
    assert "not as percent" in (read_recording(write(tmp_path, with_uptimes(27, 99, 100, 0, 50.0))).warning or "")


@pytest.mark.parametrize("uptimes", [(27, 99.5, 100, 0), (27, 99.5, 100, 0, 86_400), (None, "x", True, [], {}, -1)])
def test_uptimes_that_can_be_seconds_pass(tmp_path: Path, uptimes: tuple[object, ...]) -> None:
    assert read_recording(write(tmp_path, with_uptimes(*uptimes))).warning is None


def test_a_get_pods_list_has_no_stats(tmp_path: Path) -> None:
    short = {key: POD[key] for key in ("address", "last_seen_timestamp", "pubkey", "version")}
    assert not read_recording(write(tmp_path, [short])).has_stats


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    found = read_recording(write(tmp_path, {"updatedAt": AT, "nodes": []}))
    assert (found.taken_at, found.rows, found.has_stats) == (AT, [], False)


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
        ({"updatedAt": "yesterday", "nodes": [POD]}, "updatedAt is 'yesterday'; expected an ISO 8601 time"),
        ({"updatedAt": True, "nodes": [POD]}, "updatedAt is 'True'"),
        ({"updatedAt": 10**18, "nodes": [POD]}, "updatedAt is '1000000000000000000'"),
        ({"seed": 7, "nodes": [POD]}, "seed is '7'; expected HOST or HOST:PORT"),
        ([{"address": "7.1.2.3:9001"}], "has no time; expected"),
        ([], "has no time; expected"),
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
    misspelt = {"-" * number + "storageused": 1 for number in range(30)}
    for document in ({"k" * 10**5: 1}, ["x" * 10**5], {"updatedAt": "x" * 10**5, "nodes": []}, [misspelt]):
        with pytest.raises(BadRecording) as caught:
            read_recording(write(tmp_path, document))
        assert len(str(caught.value)) < 600


def test_files_over_the_bound_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(recording.MAX_FILE_BYTES + 1)
    with pytest.raises(BadRecording, match=f"{recording.MAX_FILE_BYTES + 1} bytes; expected at most"):
        read_recording(path)


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
    assert [len(each.rows) for each in lists] == [
        orjson.loads(path.read_bytes())["count"] for path in recording_files(series)
    ]
    assert all(0 < after.taken_at - before.taken_at < 3_600 for before, after in pairwise(lists))
    assert all(each.ignored.keys() == {"pod_credits"} for each in lists)
    raw = read_recording(CAPTURES / "pods-with-stats-20251217-0.8.0.json")
    assert (len(raw.rows), raw.has_stats) == (204, True)
    assert raw.taken_at == max(pod["last_seen_timestamp"] for pod in cast("list[dict[str, int]]", raw.rows))
    assert not read_recording(CAPTURES / "pods-20251207-0.6.0.json").has_stats
