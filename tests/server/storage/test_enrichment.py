"""Data from sources, stored and read back."""

import orjson
import pytest

from jobs.enrich.sources import NOTHING
from schema.domain.network.enrichment import CreditRow, Enrichment, EnrichmentSourceName, Registration, SourceState
from server.storage.connect import Mongo
from server.storage.enrichment import OFF_SECONDS, MongoEnrichment
from tests.factories import AT, key

pytestmark = pytest.mark.stack

CREDITS = SourceState(
    name=EnrichmentSourceName.CREDITS, origin="https://a.example", network="devnet", attempted_at=AT, fetched_at=AT
)
REGISTRY = CREDITS.model_copy(update={"name": EnrichmentSourceName.REGISTRY})
REGISTRATION = Registration(key(9), 1, key(1), None, None, AT, 500)


async def test_what_is_kept_is_read_back_and_a_failure_keeps_the_rows(store_db: Mongo) -> None:
    store = MongoEnrichment(store_db)
    assert await MongoEnrichment(store_db).newest(AT) == Enrichment()
    await store.keep(CREDITS, orjson.dumps([[key(1), 5]]))
    await store.keep(REGISTRY, orjson.dumps([list(REGISTRATION)]))
    failed = CREDITS.model_copy(update={"attempted_at": AT + 900, "failures": 1, "failure": "status 503"})
    await store.keep(failed, None)

    assert await store.state(EnrichmentSourceName.CREDITS) == failed
    found = await MongoEnrichment(store_db).newest(AT + 900)
    assert found == Enrichment(sources=(failed, REGISTRY), credits=(CreditRow(key(1), 5),), registry=(REGISTRATION,))
    assert found.registry is not None
    assert isinstance(found.registry[0], Registration)


async def test_a_source_that_never_answered_has_no_rows(store_db: Mongo) -> None:
    await MongoEnrichment(store_db).keep(CREDITS.model_copy(update={"fetched_at": None}), NOTHING)
    found = await MongoEnrichment(store_db).newest(AT)
    assert (len(found.sources), found.credits) == (1, None)


async def test_a_source_that_nobody_asks_any_more_is_off_after_a_day(store_db: Mongo) -> None:
    await MongoEnrichment(store_db).keep(CREDITS, orjson.dumps([[key(1), 5]]))
    assert (await MongoEnrichment(store_db).newest(AT + OFF_SECONDS)).sources == (CREDITS,)
    assert await MongoEnrichment(store_db).newest(AT + OFF_SECONDS + 1) == Enrichment()
