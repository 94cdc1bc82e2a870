"""Records as pydantic models compared with the same records as msgspec Structs, on the load of snapshots and cycles.

`python -m tests.benchmarks.records [NODES…]` prints one JSON line for each size. It needs msgspec, which is not a
dependency of this project.

The Structs are generated from the records, field by field, so that both have the same facts. Memory is the growth of a
separate process that decodes the snapshot and the memory of its nodes. The work of a cycle is its work on the records
of each node: it creates them, copies them with changes, and writes their JSON.
"""

import gc
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined

from schema.domain.base import Record
from schema.domain.cycle.advance import CycleOptions, State, advance, identify
from schema.domain.node.memory import NodeMemory
from schema.domain.node.observation import Observation, SeedReply
from schema.domain.node.pnode import PNode
from tests.factories import AT, address, key, observation, seed_reply
from tests.processes import REPOSITORY

SIZES = (10_000, 100_000)
SEEDS = tuple(f"45.1.0.{number}" for number in range(1, 10))
CYCLES = 3
ROUNDS = 5
CHUNK = 300
SAMPLE = 1_000
KINDS = ("pydantic", "msgspec")


def replies(nodes: int, after: int) -> list[SeedReply]:
    """The reports of nine seeds about a network, `after` seconds after its first poll."""
    rows: list[Observation] = [
        observation(n, pubkey=key(n), address=address(n), uptime=900_000 + n + after, last_seen=AT + after - n % 30)
        for n in range(1, nodes + 1)
    ]
    return [seed_reply(seed, rows, at=AT + after) for seed in SEEDS]


def advanced(nodes: int) -> tuple[State, float]:
    """The state after some cycles, and the CPU seconds of the last of them."""
    state, spent, options = State(), 0.0, CycleOptions()
    for number in range(CYCLES):
        after = 60 * number
        said = replies(nodes, after)
        began = time.process_time()
        merged = identify(state, said, options)
        cycle = advance(state, said, merged, slot=AT + after, at=AT + after, options=options)
        spent = time.process_time() - began
        state = cycle.state()
    return state, spent


def _msgspec() -> Any:
    """The library, which only this comparison needs."""
    return importlib.import_module("msgspec")


@cache
def struct_of(record: type[Record]) -> type[Any]:
    """The Struct with the fields of a record, and those of the records within."""
    hints = get_type_hints(record)
    fields: list[tuple[Any, ...]] = []
    for name, field in record.model_fields.items():
        default = () if field.default is PydanticUndefined else (field.default,)
        if default and isinstance(default[0], dict):
            default = (_msgspec().field(default_factory=dict),)
        fields.append((name, _with_structs(hints[name]), *default))
    return _msgspec().defstruct(record.__name__, fields, frozen=True, kw_only=True, gc=False)


def _with_structs(hint: Any) -> Any:
    """A type with Structs instead of the records in it."""
    if isinstance(hint, type) and issubclass(hint, Record):
        return struct_of(hint)
    arguments = get_args(hint)
    if not arguments:
        return hint
    inner = tuple(each if each is Ellipsis else _with_structs(each) for each in arguments)
    origin: Any = get_origin(hint)
    if origin is not None and hasattr(origin, "__class_getitem__"):
        return origin[inner]
    union: Any = inner[0]
    for each in inner[1:]:
        union = union | each
    return union


class Kind:
    """How records of one kind are decoded, encoded, created and copied."""

    def __init__(self, kind: str, record: type[Record]) -> None:
        if kind == "pydantic":
            shape: Any = tuple.__class_getitem__((record, ...))
            adapter: TypeAdapter[Any] = TypeAdapter(shape)
            self.type: type[Any] = record
            self.load: Callable[[bytes], Any] = adapter.validate_json
            self.dump: Callable[[Any], bytes] = adapter.dump_json
            self.copy: Callable[..., Any] = _copied
        else:
            self.type = struct_of(record)
            self.load = _msgspec().json.Decoder(tuple.__class_getitem__((self.type, ...))).decode
            self.dump = _msgspec().json.Encoder().encode
            self.copy = _msgspec().structs.replace


def _copied(one: Record, **changes: Any) -> Record:
    return one.model_copy(update=changes)


def chunks(kind: Kind, records: Iterable[Record]) -> list[bytes]:
    everything = tuple(records)
    return [kind.dump(everything[start : start + CHUNK]) for start in range(0, len(everything), CHUNK)]


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1_000


def best(work: Callable[[], object]) -> float:
    """The CPU seconds of the fastest of some rounds."""
    found: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def decoded(kind: str, folder: Path) -> dict[str, float]:
    """The growth of a process that decodes a snapshot and the memory of its nodes, and the CPU time of that."""
    kinds = {PNode: Kind(kind, PNode), NodeMemory: Kind(kind, NodeMemory)}
    raw = {record: [path.read_bytes() for path in sorted(folder.glob(f"{record.__name__}-*"))] for record in kinds}
    for record, each in kinds.items():
        each.load(raw[record][0])
    gc.collect()
    gc.disable()
    before, began = resident_mb(), time.process_time()
    held = [record for of, bodies in raw.items() for body in bodies for record in kinds[of].load(body)]
    seconds, grown = time.process_time() - began, resident_mb() - before
    gc.collect()
    return {"memory_mb": round(grown, 1), "decode_seconds": round(seconds, 3), "records": len(held)}


def work_of_a_cycle(kind: str, nodes: tuple[PNode, ...]) -> float:
    """CPU seconds for a node: the records that a cycle creates from it, its copies, and its JSON for hash and store."""
    node_kind = Kind(kind, PNode)
    parts = [_parts_of(kind, node) for node in nodes]

    def work() -> None:
        made: list[Any] = []
        for node, within in parts:
            for type_, values in within:
                type_(**values)
            one = node_kind.type(**node)
            for _ in range(3):  # the memory of the node, that of its address, and the scored node
                one = node_kind.copy(one, versions_behind=1, listed=True)
            made.append(one)
        for _ in range(2):
            node_kind.dump(tuple(made))

    return best(work) / len(nodes)


def _parts_of(kind: str, node: PNode) -> tuple[dict[str, Any], list[tuple[type[Any], dict[str, Any]]]]:
    """The values of a node as this kind of record, and those of the records created for it."""
    whole = node if kind == "pydantic" else Kind(kind, PNode).load(b"[" + node.model_dump_json().encode() + b"]")[0]
    names = tuple(PNode.model_fields)
    within: list[tuple[type[Any], dict[str, Any]]] = []
    score = node.score
    made: list[Record | None] = [node.consistency, node.provenance, *node.sightings, score]
    made += [score.trust, score.trust.parts, score.capacity, score.capacity.parts] if score else []
    for record in made:
        if record is not None:
            other = record if kind == "pydantic" else _as_struct(record)
            type_: Any = type(other)
            within.append((type_, {name: getattr(other, name) for name in type(record).model_fields}))
    return {name: getattr(whole, name) for name in names}, within


def _as_struct(record: Record) -> Any:
    return _msgspec().json.decode(record.model_dump_json().encode(), type=struct_of(type(record)))


def measure(nodes: int, folder: Path) -> dict[str, Any]:
    """One size."""
    state, cycle_seconds = advanced(nodes)
    if state.snapshot is None:
        raise RuntimeError("no cycle gave a snapshot")
    sources: tuple[tuple[type[Record], tuple[Record, ...]], ...] = (
        (PNode, state.snapshot.nodes),
        (NodeMemory, state.memory),
    )
    for record, records in sources:
        for number, body in enumerate(chunks(Kind("pydantic", record), records)):
            (folder / f"{record.__name__}-{number:06}").write_bytes(body)
    found: dict[str, Any] = {"nodes": nodes, "cycle_us_per_node": round(cycle_seconds / nodes * 1e6, 1)}
    for kind in KINDS:
        command = [sys.executable, "-m", "tests.benchmarks.records", "--decode", kind, str(folder)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        found[kind] = json.loads(done.stdout)
        per_node = work_of_a_cycle(kind, state.snapshot.nodes[:SAMPLE])
        found[kind]["records_us_per_node"] = round(per_node * 1e6, 1)
    one, other = (found[kind] for kind in KINDS)
    saved = one["records_us_per_node"] - other["records_us_per_node"]
    found["ratios"] = {
        "memory": round(one["memory_mb"] / other["memory_mb"], 2),
        "decode": round(one["decode_seconds"] / other["decode_seconds"], 2),
        "cycle": round(found["cycle_us_per_node"] / (found["cycle_us_per_node"] - saved), 2),
    }
    return found


def main() -> None:
    if sys.argv[1:2] == ["--decode"]:
        print(json.dumps(decoded(sys.argv[2], Path(sys.argv[3]))))
        return
    for nodes in tuple(map(int, sys.argv[1:])) or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(nodes, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
