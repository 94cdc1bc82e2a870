"""Imports recorded lists into history, as if they had been collected when they were recorded.

Each list passes through the same merge, accumulation and scoring as a live answer, at its own time. The imported
history is separate: it starts without memory, never changes the newest snapshot, and ends before the hour in which
collection began here. Nothing is dialled.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tqdm import tqdm

from jobs.past.backfill import PastWriter
from jobs.past.findings import Findings
from jobs.past.recording import Recording, read_recording, recording_files
from jobs.past.retention import Retention
from jobs.prpc.wire import read_pods
from schema.domain.base import HOUR, Slot, UnixSeconds, slot_of
from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, identify, registry_entry, unknown_ids
from schema.domain.cycle.changes import derive
from schema.domain.cycle.merge import Merged, address_id, assumed_address
from schema.domain.node.observation import SeedReply, host_of
from schema.domain.node.registry import RegistryEntry
from schema.upkeep import ImportedRange, ImportStore

ANONYMOUS = "recording"


class Imported(NamedTuple):
    """The result of an import.

    `slots` were written. Other lists were skipped: `superseded` by a newer one of the same seed and slot, `known` from
    hours that an earlier import filled, `live` from the time that was collected here. `findings` are the problems in
    the imported lists. `spacing` is the usual time between two lists of one seed, in seconds; None with fewer than two.
    """

    lists: int
    slots: int
    superseded: int = 0
    known: int = 0
    live: int = 0
    start: Slot | None = None
    end: Slot | None = None
    spacing: int | None = None
    findings: Findings = Findings()


class _Dated(NamedTuple):
    taken_at: float
    seed: str
    path: Path


class _Plan(NamedTuple):
    """The lists to import by slot, sorted, and the counts of skipped lists."""

    slots: tuple[tuple[Slot, tuple[_Dated, ...]], ...]
    account: Imported


async def import_files(
    paths: Sequence[Path],
    store: ImportStore,
    options: CycleOptions,
    *,
    retention: Retention,
    now: float,
    keep_raw: bool = False,
    progress: bool = False,
    planned: Callable[[Imported], object] = lambda _: None,
) -> Imported:
    """Import the lists in files and folders, oldest first. `options.interval` is the length of their slots in seconds.

    `keep_raw` exempts the imported data from raw retention. `progress` shows a progress bar. `planned` is called with
    the expected result once all lists are read. Raises BadRecording, before anything is written, for a file that is not
    a recorded list. Repeating an interrupted import completes it.

    Rows are validated like those of live answers: an unusable row is dropped and counted, never the whole list.
    """
    dated = sorted(_dated(path) for each in paths for path in recording_files(each))
    plan = _plan_of(dated, options.interval, await store.live_since(), await store.imported())
    planned(plan.account)
    if not plan.slots:
        return plan.account
    start, end = plan.slots[0][0] // HOUR * HOUR, plan.slots[-1][0] // HOUR * HOUR + HOUR
    await store.begin_import(start)
    writer = PastWriter(store, retention, now, pinned=keep_raw)
    registry: dict[str, RegistryEntry] = {}
    findings = Findings()
    state = State()
    with tqdm(total=plan.account.lists, disable=not progress, unit="list") as bar:
        for slot, lists in plan.slots:
            replies: list[SeedReply] = []
            for one in lists:
                recording = read_recording(one.path)
                replies.append(reply_of(recording))
                findings = findings.adding(one.path, recording, replies[-1])
            cycle = await _cycle(state, slot, replies, store, registry=registry, options=options)
            await writer.add(cycle.snapshot, derive(state.snapshot, cycle.snapshot))
            registry.update((entry.id, entry) for entry in cycle.registry)
            state = cycle.state()
            bar.update(len(lists))
    registry.update((entry.id, entry) for entry in _last_known(state))
    await writer.close()
    await store.finish_import(ImportedRange(start=start, end=end, pinned=keep_raw), list(registry.values()))
    return plan.account._replace(findings=findings)


def _dated(path: Path) -> _Dated:
    recording = read_recording(path)
    return _Dated(recording.taken_at, recording.seed or ANONYMOUS, path)


def _plan_of(
    dated: Sequence[_Dated], interval: int, live_since: UnixSeconds | None, imported: Sequence[ImportedRange]
) -> _Plan:
    """Decide which lists to import. Hours are imported whole: an hour that is already filled is not extended."""
    live = [one for one in dated if live_since is not None and slot_of(one.taken_at, interval) >= live_since]
    past = dated[: len(dated) - len(live)]
    fresh = [one for one in past if not _is_filled(slot_of(one.taken_at, interval), imported)]
    slots = tuple(
        (slot, tuple({one.seed: one for one in lists}.values()))
        for slot, lists in groupby(fresh, key=lambda one: slot_of(one.taken_at, interval))
    )
    taken = sum(len(lists) for _, lists in slots)
    account = Imported(
        lists=taken,
        slots=len(slots),
        superseded=len(fresh) - taken,
        known=len(past) - len(fresh),
        live=len(live),
        start=slots[0][0] if slots else None,
        end=slots[-1][0] if slots else None,
        spacing=_spacing(dated),
    )
    return _Plan(slots, account)


def _spacing(dated: Sequence[_Dated]) -> int | None:
    by_seed: dict[str, list[float]] = {}
    for one in dated:
        by_seed.setdefault(one.seed, []).append(one.taken_at)
    gaps = [after - before for times in by_seed.values() for before, after in pairwise(times)]
    return round(median(gaps)) if gaps else None


def _is_filled(slot: Slot, imported: Sequence[ImportedRange]) -> bool:
    return any(done.start <= slot < done.end for done in imported)


def reply_of(recording: Recording) -> SeedReply:
    """Convert a list to the reply of its seed, with its rows validated like live ones."""
    seed = recording.seed or ANONYMOUS
    pods = read_pods({"pods": recording.rows})
    return SeedReply(
        seed=seed,
        host=host_of(seed),
        answered_at=recording.taken_at,
        observations=pods.observations,
        has_stats=recording.has_stats,
        dropped=pods.dropped,
    )


async def _cycle(
    before: State,
    slot: Slot,
    replies: Sequence[SeedReply],
    store: ImportStore,
    *,
    registry: Mapping[str, RegistryEntry],
    options: CycleOptions,
) -> Cycle:
    merged = without_anonymous(identify(before, replies, options))
    recalled = await _recall(unknown_ids(before, merged), registry, slot, store)
    at = int(max(reply.answered_at for reply in replies))
    return advance(before, replies, merged, slot=slot, at=at, options=options, recalled=recalled)


async def _recall(
    ids: Collection[str], registry: Mapping[str, RegistryEntry], slot: Slot, store: ImportStore
) -> Mapping[str, RegistryEntry]:
    """What this import, or the store, knew of nodes before `slot`.

    The store may also have later entries, from a newer import, from a worker, or from this import if it was interrupted
    while writing them. Later entries are not used as memory.
    """
    earlier = {i: entry for i, entry in (await store.recall(ids)).items() if entry.updated_slot < slot}
    return earlier | {i: registry[i] for i in ids if i in registry}


def _last_known(state: State) -> Iterator[RegistryEntry]:
    """The final entries of all nodes. A cycle returns only entries that changed in it."""
    if state.snapshot is not None:
        nodes = {node.id: node for node in state.snapshot.nodes}
        for memory in state.memory:
            yield registry_entry(memory, nodes, state.snapshot.slot)


def without_anonymous(merged: Merged) -> Merged:
    """Remove the node that a seed of unknown address would create: a list without its seed's name proves no node."""
    invented = address_id(assumed_address(ANONYMOUS))
    nodes = {node_id: node for node_id, node in merged.nodes.items() if node_id != invented}
    seeds = {seed: node_id for seed, node_id in merged.seed_nodes.items() if node_id != invented}
    return merged._replace(nodes=nodes, seed_nodes=seeds)
