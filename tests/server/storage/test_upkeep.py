"""The stores of the jobs on the past, while MongoDB is away."""

from collections.abc import Awaitable, Callable, Mapping

import pytest

from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import Resolution
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress
from server.storage.connect import Mongo
from server.storage.upkeep import MongoUpkeep
from tests.factories import AT, snapshot

ROLLED = RollupProgress(since=AT, next_hour=AT)
THINNED = RetentionProgress(thinned=AT, dropped=AT)

QUESTIONS: Mapping[str, Callable[[MongoUpkeep], Awaitable[object]]] = {
    "committed_slot": lambda store: store.committed_slot(),
    "rollup_progress": lambda store: store.rollup_progress(),
    "save_rollup": lambda store: store.save_rollup(ROLLED, ROLLED),
    "next_kept": lambda store: store.next_kept(AT, AT + 60),
    "headers": lambda store: store.headers(AT),
    "write_hour": lambda store: store.write_hour(AT, ()),
    "close_day": lambda store: store.close_day(AT),
    "rolled_until": lambda store: store.rolled_until(),
    "retention_progress": lambda store: store.retention_progress(),
    "save_retention": lambda store: store.save_retention(THINNED, THINNED),
    "next_remains": lambda store: store.next_remains(AT, AT + 60),
    "kept_slots": lambda store: store.kept_slots(AT),
    "thin": lambda store: store.thin(AT, ()),
    "drop_history": lambda store: store.drop_history(Resolution.RAW, AT, 1),
    "drop_events": lambda store: store.drop_events(AT, 1),
    "live_since": lambda store: store.live_since(),
    "imported": lambda store: store.imported(),
    "begin_import": lambda store: store.begin_import(AT),
    "finish_import": lambda store: store.finish_import(ImportedRange(start=AT, end=AT), ()),
    "recall": lambda store: store.recall(["a"]),
    "keep": lambda store: store.keep(snapshot((), AT), pinned=False),
    "write_events": lambda store: store.write_events((), pinned=False),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_each_question_reports_that_the_store_does_not_answer(question: str) -> None:
    mongo = Mongo("mongodb://127.0.0.1:1/", "nowhere", server_selection_seconds=0.01)
    with pytest.raises(SnapshotUnavailable, match=r"^the store does not answer$"):
        await QUESTIONS[question](MongoUpkeep(mongo))
    await mongo.close()
