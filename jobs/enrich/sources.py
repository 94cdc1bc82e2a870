"""The enabled sources: fetched in turn, with back-off, and stored with their age and failures."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import orjson
import structlog

from jobs.enrich.answers import Read, read_credits, read_registry, registry_question
from jobs.enrich.fetch import Question, origin_of
from jobs.prpc.errors import CallFailed
from schema.domain.base import HOUR, MINUTE, UnixSeconds, backoff
from schema.domain.network.enrichment import EnrichmentSourceName, SourceState

PERIOD_SECONDS = 15 * MINUTE
MAX_BACK_OFF_SECONDS = 6 * HOUR
NOTHING = b"null"
"""The JSON of the rows of a source that has never answered."""

log = structlog.get_logger(__name__)


class Source(NamedTuple):
    """One source: its request, and the parser of its answer."""

    name: EnrichmentSourceName
    question: Question
    read: Callable[[bytes], Read]


class Ask(Protocol):
    """Sends the request to a source. Raises CallFailed."""

    async def fetch(self, question: Question) -> bytes: ...


class EnrichmentStore(Protocol):
    """Stores the data of the sources."""

    async def state(self, name: EnrichmentSourceName) -> SourceState | None:
        """The last state of a source. None if nothing is stored."""
        ...

    async def keep(self, state: SourceState, rows: bytes | None) -> None:
        """Store a state, and the rows (JSON) if they are new. None keeps the existing rows."""
        ...


def sources(credits_url: str | None, rpc_url: str | None) -> tuple[Source, ...]:
    """The sources that have a URL."""
    found: list[Source] = []
    if credits_url is not None:
        found.append(Source(EnrichmentSourceName.CREDITS, Question(credits_url), read_credits))
    if rpc_url is not None:
        found.append(Source(EnrichmentSourceName.REGISTRY, Question(rpc_url, registry_question()), read_registry))
    return tuple(found)


async def enrich(
    wanted: Sequence[Source], ask: Ask, store: EnrichmentStore, *, network: str, now: float
) -> dict[str, str]:
    """Fetch each source that is due. Returns `done`, `waits` or `failed` for each. A failure never stops the others."""
    return {source.name.value: await _one(source, ask, store, network=network, now=int(now)) for source in wanted}


def is_due(state: SourceState | None, now: UnixSeconds) -> bool:
    """Whether a source is due. After a failure it waits one period, and twice as long after each further failure."""
    if state is None or not state.failures:
        return True
    wait = backoff(state.failures, first=PERIOD_SECONDS, longest=MAX_BACK_OFF_SECONDS)
    # Half a period early, because runs are not exactly a period apart. A clock that was set back does not block it.
    return not 0 <= now - state.attempted_at < wait - PERIOD_SECONDS / 2


async def _one(source: Source, ask: Ask, store: EnrichmentStore, *, network: str, now: UnixSeconds) -> str:
    origin = origin_of(source.question.url)
    before = await store.state(source.name)
    if before is not None and (before.origin, before.network) != (origin, network):
        before = None  # data from another URL, or for another network, does not belong to this source
    if not is_due(before, now):
        return "waits"
    fresh = SourceState(name=source.name, origin=origin, network=network, attempted_at=now)
    try:
        read = source.read(await ask.fetch(source.question))
    except CallFailed as error:
        log.warning("enrichment.failed", source=source.name.value, origin=origin, reason=error.failure.message)
        failures = (before.failures if before is not None else 0) + 1
        kept = before or fresh
        update = {"attempted_at": now, "failures": failures, "failure": error.failure.message}
        await store.keep(kept.model_copy(update=update), None if before is not None else NOTHING)
        return "failed"
    state = fresh.model_copy(update={"fetched_at": now, "rows": len(read.rows), "dropped": read.dropped})
    await store.keep(state, orjson.dumps([list(row) for row in read.rows]))
    return "done"
