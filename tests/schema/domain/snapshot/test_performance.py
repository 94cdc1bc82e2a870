from schema.domain.node.failure import FailureCategory
from schema.domain.snapshot.performance import performance
from tests import factories
from tests.factories import SEEDS


def test_the_figures_of_a_cycle() -> None:
    seeds = (
        factories.seed_report(SEEDS[0], latency_ms={"get-version": 5.0, "get-pods-with-stats": 40.0}),
        factories.seed_report(SEEDS[1], latency_ms={"get-version": 10.0, "get-pods-with-stats": 20.0}),
        factories.seed_report(SEEDS[2], failure=FailureCategory.REFUSED),
    )
    found = performance(factories.network(3, seeds=seeds).header)
    assert (found.seeds_ok, found.seeds_failed) == (2, 1)
    assert (found.rpc_latency_p50_ms, found.rpc_latency_p95_ms) == (10.0, 40.0)
    assert (found.cycle_seconds, found.crawl_seconds, found.compute_seconds) == (0.8, 0.5, 0.1)


def test_latencies_are_given_to_the_microsecond_as_seconds_are_to_the_millisecond() -> None:
    seeds = (factories.seed_report(SEEDS[0], latency_ms={"get-version": 7 / 3, "get-stats": 22 / 7}),)
    found = performance(factories.network(3, seeds=seeds).header)
    assert (found.rpc_latency_p50_ms, found.rpc_latency_p95_ms) == (2.333, 3.143)


def test_without_any_answer_latencies_are_not_known() -> None:
    seeds = (factories.seed_report(SEEDS[0], failure=FailureCategory.TIMEOUT),)
    found = performance(factories.network(3, seeds=seeds).header)
    assert (found.rpc_latency_p50_ms, found.rpc_latency_p95_ms) == (None, None)
