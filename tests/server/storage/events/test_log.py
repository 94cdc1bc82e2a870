"""The queries of the event log, compared with a plain list of the same events."""

import random
from collections.abc import Callable, Sequence

import pytest
from pymongo.monitoring import CommandListener, CommandSucceededEvent

from schema.domain.base import DAY, HOUR
from schema.domain.cycle.changes import derive
from schema.domain.cycle.events import Event, EventType
from schema.reads import EventFilter
from schema.writes import Commit
from server.storage.connect import Mongo
from server.storage.events.log import EventLog
from server.storage.events.reads import PART, EventReads, _streams
from tests.factories import AT, network, snapshot
from tests.pasts import MIDNIGHT

TYPES = (EventType.JOINED, EventType.LEFT, EventType.RESTARTED, EventType.SEED_UP)
SUBJECTS = ("a", "b", "c")
START, NOW = MIDNIGHT - 3 * DAY, MIDNIGHT + 5 * HOUR


def log(count: int = 300, seed: int = 1) -> list[Event]:
    """Events over three days, several in most slots, detected up to a minute after their slot began."""
    rng = random.Random(seed)  # noqa: S311  the same events in each run
    found: list[Event] = []
    for slot in sorted(rng.sample(range(START, NOW, 60), count // 3)):
        found += [
            Event(
                slot=slot,
                index=index,
                at=slot + rng.randrange(60),
                type=rng.choice(TYPES),
                subject=rng.choice(SUBJECTS),
                before="1",
                after=None,
            )
            for index in range(rng.randint(1, 5))
        ]
    return found


LOG = log()


def matching(where: EventFilter, found: Sequence[Event] = tuple(LOG)) -> list[Event]:
    return [
        event
        for event in found
        if (where.types is None or event.type in where.types)
        and (where.subjects is None or event.subject in where.subjects)
        and (where.since is None or event.at >= where.since)
        and (where.until is None or event.at <= where.until)
    ]


async def earliest() -> int:
    return START


@pytest.fixture
async def reads(store_db: Mongo) -> EventReads:
    await EventLog(store_db).write(LOG)
    return EventReads(store_db, earliest, clock=lambda: NOW)


MANY = frozenset({"a", "c", *(f"nobody {n}" for n in range(98))})
FILTERS = [
    EventFilter(),
    EventFilter(types=frozenset({EventType.JOINED})),
    EventFilter(types=frozenset({EventType.JOINED, EventType.SEED_UP})),
    EventFilter(types=frozenset()),
    EventFilter(subjects=frozenset({"a"})),
    EventFilter(subjects=frozenset({"a", "b", "nobody"}), types=frozenset({EventType.LEFT, EventType.RESTARTED})),
    EventFilter(subjects=MANY),
    EventFilter(subjects=MANY, types=frozenset({EventType.LEFT, EventType.RESTARTED})),
    EventFilter(subjects=MANY, since=MIDNIGHT - DAY, until=MIDNIGHT),
    EventFilter(since=START + DAY + 30, until=MIDNIGHT - 30),
    EventFilter(since=LOG[100].at, until=LOG[100].at),
    EventFilter(types=frozenset({EventType.LEFT}), since=MIDNIGHT, until=NOW + DAY),
    EventFilter(since=NOW + DAY),
    EventFilter(until=START - 1),
    EventFilter(subjects=frozenset({"c"}), since=MIDNIGHT - DAY),
]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("where", FILTERS, ids=map(str, range(len(FILTERS))))
async def test_pages_walk_through_exactly_the_matching_events_in_order(
    reads: EventReads, where: EventFilter, newest_first: bool
) -> None:
    walked: list[Event] = []
    after: tuple[int, int] | None = None
    while page := await reads.events(where, after, 17, newest_first=newest_first):
        walked += page
        after = (page[-1].slot, page[-1].index)

    assert walked == (matching(where)[::-1] if newest_first else matching(where))


@pytest.mark.parametrize("closed", [False, True], ids=["open days", "closed days"])
@pytest.mark.parametrize("where", FILTERS, ids=map(str, range(len(FILTERS))))
async def test_the_count_is_that_of_all_matching_events(
    store_db: Mongo, reads: EventReads, where: EventFilter, closed: bool
) -> None:
    if closed:
        for day in range(START, MIDNIGHT, DAY):
            await EventLog(store_db).tally_day(day)

    assert await reads.event_count(where) == len(matching(where))


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_position_between_events_of_one_slot_is_kept(reads: EventReads, newest_first: bool) -> None:
    crowded = next(e for e in LOG if e.index == 3)

    (found,) = await reads.events(EventFilter(), (crowded.slot, 2), 1, newest_first=newest_first)

    assert (found.slot, found.index) == (crowded.slot, 1 if newest_first else 3)


async def test_a_position_need_not_be_that_of_an_event(reads: EventReads) -> None:
    assert await reads.events(EventFilter(), (START - 99, 7), 3) == tuple(LOG[:3])
    assert await reads.events(EventFilter(), (NOW + DAY, 0), 3, newest_first=True) == tuple(LOG[:-4:-1])
    assert await reads.events(EventFilter(), (NOW + DAY, 0), 3) == ()


@pytest.mark.parametrize("first", [0, -1])
async def test_an_empty_page_asks_for_nothing(reads: EventReads, first: int) -> None:
    assert await reads.events(EventFilter(), None, first) == ()


async def test_writing_again_changes_nothing(reads: EventReads, store_db: Mongo) -> None:
    await EventLog(store_db).write(LOG[:50])
    await EventLog(store_db).write([LOG[0].model_copy(update={"subject": "another"})])

    assert await store_db.database["events"].count_documents({}) == len(LOG)
    assert await reads.events(EventFilter(), None, 50) == tuple(LOG[:50])


async def test_a_commit_is_followed_once_however_often_it_comes(store_db: Mongo) -> None:
    before, after = network(4, AT), snapshot(network(6, AT + 60).nodes[2:], AT + 60)
    made = derive(before, after)
    commit = Commit(snapshot=after, memory=(), events=made, registry=())

    for _ in range(2):
        await EventLog(store_db).follow(commit)

    found = await EventReads(store_db, earliest, clock=lambda: AT + 120).events(EventFilter(), None, 100)
    assert len(made) > 2
    assert found == made


async def test_an_empty_log_is_empty(store_db: Mongo) -> None:
    async def never() -> None:
        return None

    reads = EventReads(store_db, never, clock=lambda: NOW)

    assert await reads.events(EventFilter(), None, 10, newest_first=True) == ()
    assert await reads.event_count(EventFilter()) == 0


def test_many_subjects_are_one_query() -> None:
    assert len(_streams(EventFilter(subjects=MANY))) == 1
    assert len(_streams(EventFilter(subjects=MANY, types=frozenset(EventType)))) == 1
    assert len(_streams(EventFilter(subjects=frozenset(SUBJECTS)))) == len(SUBJECTS)


class Documents(CommandListener):
    """Counts the event documents that the store returns."""

    def __init__(self) -> None:
        self.given = 0

    def started(self, event: object) -> None:
        """Counted when it succeeds."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor = event.reply.get("cursor", {})
        self.given += len(cursor.get("firstBatch", cursor.get("nextBatch", ())))

    def failed(self, event: object) -> None:
        """Returns nothing."""


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_page_from_the_middle_of_a_large_slot_reads_a_part_of_it(
    connect_db: Callable[..., Mongo], *, newest_first: bool
) -> None:
    """A feed that resumes at a cursor reads page by page. If it read the whole slot each time, it would never end."""
    documents = Documents()
    mongo = connect_db(event_listeners=[documents])
    await mongo.prepare()
    crowd = [
        Event(slot=START, index=index, at=START, type=TYPES[index % 4], subject="a", before=None, after=None)
        for index in range(4 * PART)
    ]
    await EventLog(mongo).write(crowd)
    reads = EventReads(mongo, earliest, clock=lambda: NOW)
    expected = [event for event in (reversed(crowd) if newest_first else crowd) if event.type in TYPES[:2]]
    where = EventFilter(types=frozenset(TYPES[:2]))
    place = (START, 4 * PART if newest_first else 0)
    expected = [event for event in expected if event.index != place[1]]

    documents.given = 0
    assert list(await reads.events(where, place, 20, newest_first=newest_first)) == expected[:20]
    assert documents.given <= PART + 20
    assert list(await reads.events(where, place, 1_000, newest_first=newest_first)) == expected[:1_000]
