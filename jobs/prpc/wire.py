"""Converts the answers of pods to domain records. Validation is per field and per pod.

An invalid field becomes None and is counted as `field:NAME` (`stats:NAME` in get-stats). A pod without a key and a
usable address is dropped and counted as `pod:REASON`. A whole answer is refused, with CallFailed, only if nothing in it
is usable. Counts and messages never contain a key or a text chosen by the sender.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

import orjson

from jobs.prpc import fields
from jobs.prpc.address import MAX_PORT, canonical_address
from jobs.prpc.errors import MAX_MESSAGE_CHARS, CallFailed
from schema.domain.base import MAX_INT64
from schema.domain.node.failure import FailureCategory
from schema.domain.node.observation import NO_ADDRESS, Observation, PodStats

GET_VERSION: Final = "get-version"
GET_STATS: Final = "get-stats"
GET_PODS: Final = "get-pods"
GET_PODS_WITH_STATS: Final = "get-pods-with-stats"
METHODS: Final = (GET_VERSION, GET_STATS, GET_PODS, GET_PODS_WITH_STATS)
"""All methods of all releases."""

MAX_PODS = 200_000

_OBSERVED = Observation._fields[1:-1]
_NOT_COUNTS = {"cpu_percent": fields.cpu_percent, "uptime": fields.uptime}
_STATS = {name: _NOT_COUNTS.get(name, fields.count) for name in PodStats.model_fields}
_NESTED = ("metadata", "stats")


class PodList(NamedTuple):
    """The pods of one answer, and counts of what was dropped (by `field:NAME` and `pod:REASON`)."""

    observations: tuple[Observation, ...]
    dropped: Mapping[str, int]


def request(method: str, call_id: int) -> bytes:
    """The body of a call. Pods require the key `jsonrpc` and ignore `params`."""
    return orjson.dumps({"jsonrpc": "2.0", "id": call_id, "method": method})


def result_of(body: bytes | bytearray, call_id: int) -> object:
    """The result in an answer's body.

    Raises CallFailed: not_json (HTML, NaN, lone surrogates, broken UTF-8, nesting beyond 1,024), rpc_error (an error
    that is not null; successful answers have the key too), bad_shape (no envelope, another call's id, no result).
    """
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CallFailed(FailureCategory.NOT_JSON, _what_instead(body)) from error
    if not isinstance(reply, dict):
        raise CallFailed(FailureCategory.BAD_SHAPE, "the answer is not a JSON-RPC object")
    envelope = cast(dict[str, object], reply)
    error = envelope.get("error")
    if error is not None:
        raise _rpc_error(error)
    answered = envelope.get("id")
    if type(answered) is not int or answered != call_id:
        raise CallFailed(FailureCategory.BAD_SHAPE, "the answer is to another call (its id differs)")
    if envelope.get("result") is None:
        raise CallFailed(FailureCategory.BAD_SHAPE, "the answer has neither an error nor a result")
    return envelope["result"]


def read_version(result: object) -> str | None:
    """The release that a pod runs, from get-version. None if it is "unknown". Raises CallFailed: bad_shape."""
    raw = _object(result, GET_VERSION).get("version")
    version = fields.version(raw)
    if version is None and (raw is None or fields.is_wrong("version", raw)):
        raise CallFailed(FailureCategory.BAD_SHAPE, f"{GET_VERSION}: no version in the answer")
    return version


def read_stats(result: object) -> tuple[PodStats, Mapping[str, int]]:
    """A pod's figures about itself, and what was dropped. Accepts the flat form that pods send and the nested
    documented form.

    Raises CallFailed: bad_shape if no figure is usable.
    """
    raw = _flat(_object(result, GET_STATS))
    values: dict[str, Any] = {name: read(raw.get(_on_wire(name))) for name, read in _STATS.items()}
    dropped = {
        f"stats:{name}": 1
        for name, value in values.items()
        if value is None and fields.is_wrong(name, raw.get(_on_wire(name)))
    }
    if all(value is None for value in values.values()):
        raise CallFailed(FailureCategory.BAD_SHAPE, f"{GET_STATS}: no usable figure in the answer")
    return PodStats(**values), dropped


def read_pods(result: object, max_pods: int = MAX_PODS) -> PodList:
    """The pods of get-pods or get-pods-with-stats, in the order of the answer.

    Repeated rows (same address and key) and rows beyond `max_pods` are dropped. Addresses are not filtered here: a list
    may contain private ones, which are facts about that list and are never dialled.

    Raises CallFailed: bad_shape if there is no list of pods.
    """
    pods = _object(result, "the list").get("pods")
    if not isinstance(pods, list):
        raise CallFailed(FailureCategory.BAD_SHAPE, "the answer has no list of pods")
    rows = cast(list[object], pods)
    dropped: Counter[str] = Counter()
    if len(rows) > max_pods:
        dropped["pod:over_limit"] = len(rows) - max_pods
    observations: list[Observation] = []
    for row in rows[:max_pods]:
        read = read_pod(row)
        if isinstance(read, str):
            dropped[read] += 1
        else:
            observations.append(read)
    unique = _first_of_each(observations)
    if len(unique) < len(observations):
        dropped["pod:repeated"] = len(observations) - len(unique)
    for observation in unique:
        if observation.invalid:
            dropped.update(f"field:{name}" for name in observation.invalid)
    return PodList(tuple(unique), dict(dropped))


def _first_of_each(observations: list[Observation]) -> list[Observation]:
    """The first row of each address and key. Honest lists repeat no address, and that case is checked first because it
    is cheap."""
    if len({observation.address for observation in observations}) == len(observations):
        return observations
    first: dict[tuple[str, str | None], Observation] = {}
    for observation in observations:
        first.setdefault((observation.address, observation.pubkey), observation)
    return list(first.values())


def read_pod(row: object) -> Observation | str:
    """One pod of a list, or the reason (`pod:REASON`) why it is dropped. Accepts any JSON value."""
    if type(row) is not dict:
        return "pod:not_an_object"
    pod = cast(dict[str, object], row)
    get = pod.get
    raw = get("address")
    address = canonical_address(raw) if type(raw) is str else None
    key = fields.pubkey(get("pubkey"))
    if address is None and key is None:
        return "pod:address"
    stamp, public, port = get("last_seen_timestamp"), get("is_public"), get("rpc_port")
    uptime, committed, used = get("uptime"), get("storage_committed"), get("storage_used")
    # A large network has a million of these values in each cycle. The usual ones are checked here, without a call.
    values = (
        key,
        fields.version(get("version")),
        stamp
        if type(stamp) is int and 0 < stamp <= fields.MAX_UNIX_SECONDS
        else fields.last_seen_text(get("last_seen"))
        if stamp is None
        else fields.unix_seconds(stamp),
        public if type(public) is bool else None,
        port if type(port) is int and 0 < port <= MAX_PORT else fields.port(port),
        uptime if type(uptime) is int and 0 <= uptime <= fields.MAX_UPTIME_SECONDS else fields.uptime(uptime),
        committed if type(committed) is int and 0 <= committed <= MAX_INT64 else fields.count(committed),
        used if type(used) is int and 0 <= used <= MAX_INT64 else fields.count(used),
        fields.percentage(get("storage_usage_percent")),
    )
    invalid = _invalid(pod, values) if None in values else ()
    if address is None:
        return Observation(NO_ADDRESS, *values, ("address", *invalid))
    return Observation(address, *values, invalid)


def _invalid(pod: Mapping[str, object], values: tuple[object, ...]) -> tuple[str, ...]:
    """The fields that the sender sent and validation set to None."""
    return tuple(
        name
        for name, value in zip(_OBSERVED, values, strict=True)
        if value is None and fields.is_wrong(name, _sent(pod, name))
    )


def _sent(pod: Mapping[str, object], name: str) -> object:
    if name != "last_seen":
        return pod.get(name)
    stamp = pod.get("last_seen_timestamp")
    return pod.get("last_seen") if stamp is None else stamp


def _on_wire(name: str) -> str:
    # In get-stats, `version` is the number of the storage format, not the release.
    return "version" if name == "storage_version" else name


def _object(result: object, what: str) -> dict[str, object]:
    if not isinstance(result, dict):
        raise CallFailed(FailureCategory.BAD_SHAPE, f"{what}: the result is not an object")
    return cast(dict[str, object], result)


def _flat(raw: dict[str, object]) -> Mapping[str, object]:
    inner = [cast(dict[str, object], part) for name in _NESTED if isinstance(part := raw.get(name), dict)]
    merged: dict[str, object] = {}
    for part in (*inner, raw):
        merged.update(part)
    return merged


def _rpc_error(error: object) -> CallFailed:
    code: object = None
    message: object = error
    if isinstance(error, dict):
        details = cast(dict[str, object], error)
        code, message = details.get("code"), details.get("message")
    number = code if type(code) is int else None
    name = "JSON-RPC error" if number is None else f"JSON-RPC error {number}"
    text = f"{name}: {message[:MAX_MESSAGE_CHARS]}" if isinstance(message, str) else name
    return CallFailed(FailureCategory.RPC_ERROR, text, rpc_code=number)


def _what_instead(body: bytes | bytearray) -> str:
    start = bytes(body[:64]).lstrip().lower()
    if not start:
        return "the answer is empty"
    return "the answer is HTML, not JSON" if start.startswith(b"<") else "the answer is not JSON"
