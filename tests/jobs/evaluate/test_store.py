"""An evaluation of stored data, through its ports."""

import pytest

from jobs.evaluate.evaluation import Evaluation
from jobs.evaluate.outcome import Question
from jobs.evaluate.raters import raters
from jobs.evaluate.run import Wish, evaluate
from jobs.evaluate.sources import StoreSource
from schema.domain.base import HOUR
from server.storage.connect import Mongo
from server.storage.upkeep import MongoUpkeep
from tests.factories import AT
from tests.jobs.evaluate.past import hours
from tests.pasts import commit_all

pytestmark = pytest.mark.stack

PAST = dict.fromkeys(range(1, 11), "#" * 30) | dict.fromkeys(range(11, 16), "##.#" * 7 + "##")


async def test_a_stored_past_gives_what_the_same_snapshots_give_at_once(store_db: Mongo) -> None:
    snapshots = list(hours(PAST))
    await commit_all(store_db, snapshots)
    end = AT + 30 * HOUR
    source = StoreSource(MongoUpkeep(store_db), 0, end)
    found = await evaluate(source, Wish(raters([]), split=AT + 12 * HOUR, horizons=(4 * HOUR,)))

    question = Question(AT, end, AT + 12 * HOUR, (4 * HOUR,))
    at_once = Evaluation("store", question, raters([]))
    for each in snapshots:
        at_once.add(each)
    assert found == at_once.outcome()
    assert found.snapshots == 30
