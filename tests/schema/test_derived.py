"""Data derived from a snapshot is computed once, and freed with it."""

import gc
import weakref

from schema.derived import Lists, tables_of
from schema.domain.base import DAY
from schema.domain.node.pnode import PNodeStatus
from schema.domain.policy import POLICY_2_0
from schema.graphql.execution.context import Context
from tests.factories import AT, network, pnode, snapshot
from tests.fakes import FakeReads, FakeUpdates
from tests.schema.graphql.asking import Client


def test_a_snapshot_has_one_set_of_tables() -> None:
    one = network(3)

    assert tables_of(one) is tables_of(one)
    assert tables_of(one) is not tables_of(network(3))


async def test_tables_go_with_their_snapshot_without_the_cycle_collector() -> None:
    client = Client()
    await client.ask(
        """{ pnodes(where: {uptime: {gt: 1}}, orderBy: [{field: SCORE}]) { nodes { alerts { id } } aggregate { score { p95 } } }
             recommendations { totalCount } operators { totalCount } topology { stats { nodes } } }"""
    )
    tables = weakref.ref(tables_of(client.reads.snapshots[0]))
    gc.collect()
    gc.disable()
    try:
        client.reads.snapshots.clear()
        assert tables() is None
    finally:
        gc.enable()


def test_tables_outlive_their_snapshot_for_whom_still_reads_them() -> None:
    tables = tables_of(network(3))
    gc.collect()

    assert len(tables.nodes) == 3
    assert len(tables.facts.operators) == 3


def test_a_snapshot_with_tables_equals_one_without() -> None:
    one = network(3)
    tables_of(one)

    assert one == network(3)
    assert one.model_dump() == network(3).model_dump()


def test_what_is_remembered_is_computed_once_and_bounded() -> None:
    lists = Lists()
    computed: list[int] = []

    def compute(key: int) -> int:
        computed.append(key)
        return key

    for key in [*range(64), 0, 64, 0, 1]:
        assert lists.remember(key, lambda key=key: compute(key)) == key

    assert computed == [*range(65), 1]


def test_moments_and_policies_share_what_depends_on_neither() -> None:
    one = network(3)
    taken, later = tables_of(one), tables_of(one, at=AT + DAY, policy=POLICY_2_0)

    assert later is not taken
    assert later is tables_of(one, at=AT + DAY, policy=POLICY_2_0)
    assert later.facts is taken.facts


def test_of_a_snapshot_that_is_not_renewed_few_moments_are_kept() -> None:
    one = network(3)
    first = weakref.ref(tables_of(one))

    for minute in range(1, 10):
        tables_of(one, at=AT + 60 * minute)

    assert first() is None


def test_alerts_are_as_of_the_moment() -> None:
    away = snapshot([pnode(1, status=PNodeStatus.OFFLINE, alive_at=AT - 60)])

    assert [alert.value for alert in tables_of(away, at=AT + DAY).alerts] == [DAY + 60]
    assert [alert.value for alert in tables_of(away).alerts] == [62]


def test_alerts_are_found_by_node() -> None:
    tables = tables_of(snapshot([pnode(1), pnode(2, uptime=60)]))

    assert set(tables.alerts_by_node) == {pnode(2).id}
    assert tables.alerts_by_node[pnode(2).id] == tables.alerts


def test_the_operator_of_each_node_is_found() -> None:
    tables = tables_of(network(5))

    assert {node.id: tables.facts.operator_of[node.id].key for node in tables.nodes} == {
        n.id: n.id for n in tables.nodes
    }


async def test_one_request_is_answered_from_one_snapshot() -> None:
    reads = FakeReads([network(3, AT)])
    context = Context(reads=reads, updates=FakeUpdates(), now=AT + 5)
    first = await context.tables()
    reads.add(network(3, AT + 60))

    assert await context.tables() is first
    context.renew(AT + 65)
    assert (await context.tables()).header.slot == AT + 60
