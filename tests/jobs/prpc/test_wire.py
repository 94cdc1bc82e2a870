"""Responses become records, field by field and pod by pod, and no response can break that."""

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.prpc import wire
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import FailureCategory
from schema.domain.node.observation import Observation, PodStats
from tests.factories import AT, address, key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (*Observation._fields, "last_seen_timestamp")
ODD_POD = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)) | st.fixed_dictionaries(
    {"address": st.sampled_from([address(1), address(2)])}, optional=dict.fromkeys(FIELDS[1:], JSON)
)


def pod(**changes: Any) -> dict[str, Any]:
    return {
        "address": address(1),
        "is_public": True,
        "last_seen_timestamp": AT,
        "pubkey": key(1),
        "rpc_port": 6000,
        "storage_committed": 340_000_000_000,
        "storage_usage_percent": 4.67e-7,
        "storage_used": 1_590,
        "uptime": 208_871,
        "version": "0.8.0",
    } | changes


WELL_FORMED = Observation(
    address=address(1),
    pubkey=key(1),
    version="0.8.0",
    last_seen=AT,
    is_public=True,
    rpc_port=6000,
    uptime=208_871,
    storage_committed=340_000_000_000,
    storage_used=1_590,
    storage_usage_percent=4.67e-7,
)


def category_of(failed: pytest.ExceptionInfo[CallFailed]) -> FailureCategory:
    return failed.value.failure.category


def outcome(read: Callable[..., object], *arguments: object) -> FailureCategory | None:
    """The category with which reading fails. None if it succeeds."""
    try:
        read(*arguments)
    except CallFailed as failed:
        return failed.failure.category
    return None


# -- a pod


def test_a_well_formed_pod_is_taken_whole():
    assert wire.read_pod(pod()) == WELL_FORMED


def test_a_pod_of_get_pods_has_no_figures_and_nothing_invalid():
    row = {k: v for k, v in pod().items() if k in {"address", "last_seen_timestamp", "pubkey", "version"}}
    assert wire.read_pod(row) == Observation(address(1), key(1), "0.8.0", AT)


def test_a_pod_that_was_never_heard_is_known_by_its_address_alone():
    nulls = dict.fromkeys([f for f in pod() if f not in {"address", "last_seen_timestamp", "version"}])
    assert wire.read_pod(pod(version="unknown", **nulls)) == Observation(address(1), last_seen=AT)


def test_keys_that_nobody_knows_are_ignored():
    assert wire.read_pod(pod(**{"$where": 1, "a.b": 2, "\0": 3, "pod_credits": 4})) == WELL_FORMED


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("uptime", -1, "uptime"),
        ("uptime", 2**63 - 1, "uptime"),
        ("uptime", 2**63, "uptime"),
        ("uptime", True, "uptime"),
        ("uptime", "5", "uptime"),
        ("storage_used", 0.5, "storage_used"),
        ("storage_committed", [], "storage_committed"),
        ("storage_usage_percent", -0.1, "storage_usage_percent"),
        ("is_public", "true", "is_public"),
        ("rpc_port", 0, "rpc_port"),
        ("rpc_port", 65_536, "rpc_port"),
        ("pubkey", "TestPubkey14", "pubkey"),
        ("version", "<script>", "version"),
        ("last_seen_timestamp", 0, "last_seen"),
        ("last_seen_timestamp", -5, "last_seen"),
        ("last_seen_timestamp", "2025-09-19 12:00:01 UTC", "last_seen"),
    ],
)
def test_a_wrong_field_is_dropped_alone_and_named(field: str, value: object, name: str):
    expected = WELL_FORMED._replace(**{name: None}, invalid=(name,))
    assert wire.read_pod(pod(**{field: value})) == expected


@pytest.mark.parametrize("field", ["pubkey", "version"])
def test_an_empty_text_says_nothing(field: str):
    assert wire.read_pod(pod(**{field: ""})) == WELL_FORMED._replace(**{field: None})


def test_whole_floats_pass_for_integers_as_javascript_writes_them():
    assert wire.read_pod(pod(uptime=208_871.0, rpc_port=6000.0)) == WELL_FORMED


@pytest.mark.parametrize(
    ("changes", "last_seen", "invalid"),
    [
        ({"last_seen": "2025-09-19 12:00:01 UTC"}, 1_758_283_201, ()),
        ({"last_seen": "2025-09-19 12:00:01 UTC", "last_seen_timestamp": AT}, AT, ()),
        ({"last_seen": "2025-09-19 12:00:01 UTC", "last_seen_timestamp": None}, 1_758_283_201, ()),
        ({"last_seen": "yesterday"}, None, ("last_seen",)),
        ({"last_seen": ""}, None, ()),
        ({}, None, ()),
    ],
)
def test_the_old_text_stands_in_where_there_is_no_time_stamp(
    changes: dict[str, Any], last_seen: int | None, invalid: tuple[str, ...]
):
    row = {k: v for k, v in pod().items() if k != "last_seen_timestamp"} | changes
    assert wire.read_pod(row) == WELL_FORMED._replace(last_seen=last_seen, invalid=invalid)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (None, "pod:not_an_object"),
        ([], "pod:not_an_object"),
        ("45.1.2.7:9001", "pod:not_an_object"),
        ({}, "pod:address"),
        (pod(address=None, pubkey=None), "pod:address"),
        (pod(address="pod.example:9001", pubkey="TestPubkey14"), "pod:address"),
    ],
)
def test_a_pod_without_a_key_and_a_usable_address_is_left_out_with_a_reason(row: object, reason: str):
    assert wire.read_pod(row) == reason


@pytest.mark.parametrize("value", [None, 5, "pod.example:9001", "45.1.2.7:0", "45.1.2.7", "x" * 500])
def test_a_pod_with_a_key_and_no_usable_address_is_kept_without_one(value: object):
    assert wire.read_pod(pod(address=value)) == WELL_FORMED._replace(address="", invalid=("address",))


@given(JSON | ODD_POD)
def test_any_json_is_a_row_or_a_counted_rejection(row: Any):
    read = wire.read_pod(row)
    if isinstance(read, str):
        assert read in {"pod:not_an_object", "pod:address"}
    else:
        assert set(read.invalid) <= {name for name, value in read._asdict().items() if value is None}
        orjson.dumps(read._asdict())


# -- a list


def test_the_order_of_a_list_is_kept():
    rows = [pod(address=address(n), pubkey=key(n)) for n in (3, 1, 2)]
    read = wire.read_pods({"pods": rows, "total_count": 99})
    assert ([o.address for o in read.observations], read.dropped) == ([address(3), address(1), address(2)], {})


def test_the_lists_of_all_seeds_share_their_texts():
    one, other = (wire.read_pods(orjson.loads(orjson.dumps({"pods": [pod()]}))).observations[0] for _ in range(2))
    assert (one.address, one.pubkey, one.version) == (address(1), key(1), "0.8.0")
    assert one.address is other.address
    assert one.pubkey is other.pubkey
    assert one.version is other.version


def test_what_is_left_out_is_counted_by_field_and_by_pod():
    keyless = [pod(address=text, pubkey=None) for text in ("x", "y")]
    rows = [pod(), 5, *keyless, pod(address="z"), pod(address=address(2), uptime=-1, version="<b>")]
    read = wire.read_pods({"pods": rows})
    assert len(read.observations) == 3
    assert read.dropped == {
        "pod:not_an_object": 1,
        "pod:address": 2,
        "field:address": 1,
        "field:uptime": 1,
        "field:version": 1,
    }


def test_a_repeated_row_is_taken_once_but_two_keys_at_one_address_are_two_rows():
    rows = [pod(), pod(uptime=1), pod(pubkey=key(2)), pod()]
    read = wire.read_pods({"pods": rows})
    assert ([o.pubkey for o in read.observations], read.dropped) == ([key(1), key(2)], {"pod:repeated": 2})


def test_a_list_is_read_up_to_its_cap():
    rows = [pod(address=address(n)) for n in range(1, 11)]
    read = wire.read_pods({"pods": rows}, max_pods=4)
    assert (len(read.observations), read.dropped) == (4, {"pod:over_limit": 6})


@pytest.mark.parametrize("result", [None, [], "x", {}, {"pods": None}, {"pods": {}}, {"pod": []}])
def test_a_result_without_a_list_is_refused(result: object):
    with pytest.raises(CallFailed) as failed:
        wire.read_pods(result)
    assert category_of(failed) is FailureCategory.BAD_SHAPE


@given(st.lists(JSON | ODD_POD, max_size=8))
def test_every_pod_of_a_list_is_a_row_or_counted(rows: list[Any]):
    read = wire.read_pods({"pods": rows})
    left_out = sum(n for name, n in read.dropped.items() if name.startswith("pod:"))
    assert len(read.observations) + left_out == len(rows)


# -- get-version and get-stats


@pytest.mark.parametrize(("version", "expected"), [("0.8.0", "0.8.0"), ("unknown", None)])
def test_a_version(version: str, expected: str | None):
    assert wire.read_version({"version": version}) == expected


@pytest.mark.parametrize("result", [None, "0.8.0", {}, {"version": None}, {"version": 8}, {"version": "<b>"}])
def test_a_version_of_the_wrong_shape_is_refused(result: object):
    with pytest.raises(CallFailed) as failed:
        wire.read_version(result)
    assert category_of(failed) is FailureCategory.BAD_SHAPE


FLAT: dict[str, Any] = {
    "active_streams": 2,
    "cpu_percent": 6.633906841278076,
    "current_index": 14,
    "file_size": 558_000_000_000,
    "last_updated": 0,
    "packets_received": 7_218,
    "packets_sent": 5_965,
    "ram_total": 12_567_232_512,
    "ram_used": 5_399_207_936,
    "total_bytes": 94_633,
    "total_pages": 0,
    "uptime": 154_484,
}
METADATA = ("total_bytes", "total_pages", "last_updated", "current_index")


def test_flat_stats_and_the_number_of_the_storage_format():
    stats, dropped = wire.read_stats({**FLAT, "version": 2})
    assert (stats, dropped) == (PodStats(**FLAT, storage_version=2), {})


def test_stats_of_a_release_before_storage_formats_had_numbers():
    assert wire.read_stats(FLAT)[0].storage_version is None


def test_stats_nested_as_the_documentation_has_them():
    nested = {
        "metadata": {name: FLAT[name] for name in METADATA},
        "stats": {name: value for name, value in FLAT.items() if name not in {*METADATA, "file_size"}},
        "file_size": FLAT["file_size"],
    }
    assert wire.read_stats(nested) == wire.read_stats(FLAT)


def test_wrong_stats_are_dropped_alone_and_counted():
    stats, dropped = wire.read_stats(FLAT | {"cpu_percent": 900, "ram_used": -1, "version": "2"})
    assert stats == PodStats(**FLAT | {"cpu_percent": None, "ram_used": None})
    assert dropped == {"stats:cpu_percent": 1, "stats:ram_used": 1, "stats:storage_version": 1}


@pytest.mark.parametrize("result", [None, [], {}, {"uptime": -1}, {"stats": 5, "metadata": []}])
def test_stats_without_one_usable_figure_are_refused(result: object):
    with pytest.raises(CallFailed) as failed:
        wire.read_stats(result)
    assert category_of(failed) is FailureCategory.BAD_SHAPE


@given(JSON, st.dictionaries(st.sampled_from([*FLAT, "version", "stats", "metadata"]), JSON))
def test_any_result_is_a_record_or_a_bad_shape(anything: Any, stats: dict[str, Any]):
    for read, result in [
        (wire.read_version, anything),
        (wire.read_stats, stats),
        (wire.read_stats, {"stats": stats}),
        (wire.read_pods, anything),
    ]:
        assert outcome(read, result) in {None, FailureCategory.BAD_SHAPE}


# -- the envelope


def test_a_request_has_the_key_that_pods_insist_on():
    assert orjson.loads(wire.request("get-pods", 7)) == {"jsonrpc": "2.0", "id": 7, "method": "get-pods"}


def test_a_result_comes_with_an_error_that_is_null():
    assert wire.result_of(b'{"error":null,"id":7,"jsonrpc":"2.0","result":{"pods":[]}}', 7) == {"pods": []}


@pytest.mark.parametrize(
    ("body", "category"),
    [
        (b"", FailureCategory.NOT_JSON),
        (b"  <!DOCTYPE html><html></html>", FailureCategory.NOT_JSON),
        (b'{"id":7,"result":NaN}', FailureCategory.NOT_JSON),
        (b'{"id":7,"result":Infinity}', FailureCategory.NOT_JSON),
        (b'{"id":7,"result":"\\ud800"}', FailureCategory.NOT_JSON),
        (b'{"id":7,"result":"\xff"}', FailureCategory.NOT_JSON),
        (b"[" * 100_000, FailureCategory.NOT_JSON),
        (b"[" * 2_000 + b"]" * 2_000, FailureCategory.NOT_JSON),
        (b'{"id":7,"result":{}', FailureCategory.NOT_JSON),
        (b"null", FailureCategory.BAD_SHAPE),
        (b"[]", FailureCategory.BAD_SHAPE),
        (b"{}", FailureCategory.BAD_SHAPE),
        (b'{"id":7}', FailureCategory.BAD_SHAPE),
        (b'{"id":7,"result":null}', FailureCategory.BAD_SHAPE),
        (b'{"id":8,"result":{}}', FailureCategory.BAD_SHAPE),
        (b'{"id":"7","result":{}}', FailureCategory.BAD_SHAPE),
        (b'{"id":null,"result":{}}', FailureCategory.BAD_SHAPE),
        (b'{"id":7,"error":"no"}', FailureCategory.RPC_ERROR),
        (b'{"id":7,"error":{},"result":{}}', FailureCategory.RPC_ERROR),
        (b'{"id":null,"error":{"code":-32603,"message":"Internal error"}}', FailureCategory.RPC_ERROR),
    ],
)
def test_answers_without_a_result_have_a_category(body: bytes, category: FailureCategory):
    with pytest.raises(CallFailed) as failed:
        wire.result_of(body, 7)
    assert category_of(failed) is category


@pytest.mark.parametrize(("code", "expected"), [(-32601, -32601), (True, None), ("-32601", None), (0, 0)])
def test_the_code_of_an_error_is_a_number_or_unknown(code: object, expected: int | None):
    with pytest.raises(CallFailed) as failed:
        wire.result_of(json.dumps({"id": 7, "error": {"code": code}}).encode(), 7)
    assert failed.value.rpc_code == expected


def test_a_message_from_a_pod_is_short_and_printable():
    message = "\x1b[31mred\u202e\n" + "x" * 100_000
    with pytest.raises(CallFailed) as failed:
        wire.result_of(json.dumps({"id": 7, "error": {"code": 1, "message": message}}).encode(), 7)
    text = failed.value.failure.message
    assert len(text) <= 200
    assert text.isprintable()


def test_html_is_called_by_its_name():
    with pytest.raises(CallFailed, match="HTML"):
        wire.result_of(b"\n<html>Forbidden</html>", 7)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_result_or_a_failure(body: bytes):
    assert outcome(wire.result_of, body, 7) in {
        None,
        FailureCategory.NOT_JSON,
        FailureCategory.BAD_SHAPE,
        FailureCategory.RPC_ERROR,
    }
