"""Sources are fetched in turn, wait after failures, and keep their last data."""

import orjson
import pytest

from jobs.enrich.fetch import Question
from jobs.enrich.sources import MAX_BACK_OFF_SECONDS, PERIOD_SECONDS, enrich, is_due, sources
from jobs.prpc.errors import CallFailed
from schema.domain.network.enrichment import EnrichmentSourceName, SourceState
from schema.domain.node.failure import FailureCategory
from tests.factories import AT, key
from tests.jobs.enrich.accounts import account, reply

CREDITS = EnrichmentSourceName.CREDITS
REGISTRY = EnrichmentSourceName.REGISTRY
GOOD = orjson.dumps([{"pod_id": key(1), "credits": 5}])


class Answers:
    """Returns the body of each URL, or fails. Counts requests."""

    def __init__(self, **bodies: bytes | None) -> None:
        self.bodies = bodies
        self.asked: list[str] = []

    async def fetch(self, question: Question) -> bytes:
        name = "registry" if question.json is not None else "credits"
        self.asked.append(name)
        body = self.bodies[name]
        if body is None:
            raise CallFailed(FailureCategory.TIMEOUT, "https://a.example: no complete answer in time")
        return body


class Kept:
    def __init__(self) -> None:
        self.states: dict[EnrichmentSourceName, SourceState] = {}
        self.rows: dict[EnrichmentSourceName, bytes] = {}

    async def state(self, name: EnrichmentSourceName) -> SourceState | None:
        return self.states.get(name)

    async def keep(self, state: SourceState, rows: bytes | None) -> None:
        self.states[state.name] = state
        if rows is not None:
            self.rows[state.name] = rows


async def run(ask: Answers, kept: Kept, at: int, network: str = "devnet") -> dict[str, str]:
    wanted = sources("https://a.example/credits", "https://b.example/KEY")
    return await enrich(wanted, ask, kept, network=network, now=at)


def test_only_what_has_a_url_is_a_source() -> None:
    assert sources(None, None) == ()
    assert [source.name for source in sources("https://a.example", None)] == [CREDITS]
    assert [source.name for source in sources(None, "https://b.example")] == [REGISTRY]


async def test_each_source_has_an_age_and_an_origin_of_its_own() -> None:
    kept = Kept()
    assert await run(Answers(credits=GOOD, registry=orjson.dumps(reply(account()))), kept, AT) == {
        "CREDITS": "done",
        "REGISTRY": "done",
    }
    assert kept.states[CREDITS] == SourceState(
        name=CREDITS, origin="https://a.example", network="devnet", attempted_at=AT, fetched_at=AT, rows=1
    )
    assert kept.states[REGISTRY].origin == "https://b.example"
    assert orjson.loads(kept.rows[CREDITS]) == [[key(1), 5]]


async def test_a_failure_of_one_source_keeps_what_it_gave_and_does_not_stop_the_other() -> None:
    kept = Kept()
    await run(Answers(credits=GOOD, registry=orjson.dumps(reply(account()))), kept, AT)
    ask = Answers(credits=None, registry=orjson.dumps(reply(account())))
    assert await run(ask, kept, AT + PERIOD_SECONDS) == {"CREDITS": "failed", "REGISTRY": "done"}
    state = kept.states[CREDITS]
    assert (state.fetched_at, state.attempted_at, state.failures) == (AT, AT + PERIOD_SECONDS, 1)
    assert state.failure is not None
    assert "no complete answer" in state.failure
    assert orjson.loads(kept.rows[CREDITS]) == [[key(1), 5]]


async def test_a_source_that_never_answered_has_no_rows() -> None:
    kept = Kept()
    await run(Answers(credits=None, registry=None), kept, AT)
    assert kept.states[CREDITS].fetched_at is None
    assert orjson.loads(kept.rows[CREDITS]) is None


async def test_a_source_that_fails_is_asked_less_and_less() -> None:
    kept, ask = Kept(), Answers(credits=None, registry=None)
    for turn in range(4 * 24):
        await run(ask, kept, AT + turn * PERIOD_SECONDS)
    # 0, 1, 3, 7, 15, 31 periods after the first, and then every six hours
    assert ask.asked.count("credits") == 6 + (95 - 31) // 24
    assert MAX_BACK_OFF_SECONDS == 24 * PERIOD_SECONDS


@pytest.mark.parametrize("change", [{"network": "trynet"}, {"origin": "https://former.example"}])
async def test_what_another_url_or_network_gave_is_not_taken_over(change: dict[str, str]) -> None:
    kept = Kept()
    old = SourceState(
        name=CREDITS, origin="https://a.example", network="devnet", attempted_at=AT, fetched_at=AT, rows=9
    )
    await kept.keep(old.model_copy(update=change), b"[[1,2]]")
    await run(Answers(credits=None, registry=None), kept, AT + PERIOD_SECONDS)
    assert kept.states[CREDITS].fetched_at is None
    assert orjson.loads(kept.rows[CREDITS]) is None


def test_a_clock_that_went_back_does_not_block_a_source() -> None:
    state = SourceState(name=CREDITS, origin="o", network="n", attempted_at=AT, failures=9)
    assert not is_due(state, AT + 60)
    assert is_due(state, AT - 60)
