"""Call all methods of one node and explain the answers, for operators whose node is not seen."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from jobs.prpc import explain, wire
from jobs.prpc.address import Seed
from jobs.prpc.client import Caller
from jobs.prpc.dial import Route
from jobs.prpc.errors import CallFailed
from schema.domain.node.failure import Failure

Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]

TOP_VERSIONS = 5


class MethodReport(NamedTuple):
    """The result of one method: a failure, or facts by name (bytes, seconds, percent) and the latency in ms."""

    method: str
    explanation: str
    failure: Failure | None = None
    latency_ms: float | None = None
    facts: Mapping[str, Fact] = {}


class ProbeReport(NamedTuple):
    """The answers of one node. `methods` has only the first method if no connection was made."""

    target: str
    methods: tuple[MethodReport, ...]

    @property
    def ok(self) -> bool:
        """Whether the node returned a list of its peers, which makes it usable as a seed."""
        lists = {wire.GET_PODS, wire.GET_PODS_WITH_STATS}
        return any(report.method in lists and report.failure is None for report in self.methods)


async def probe(client: Caller, seed: Seed, *, clock: Callable[[], float] = time.time) -> ProbeReport:
    """Call all methods, one after the other. Never raises because of the node.

    Each call may take `limits.call_seconds`, because only the caller waits. `clock` gives unix seconds, for ages.
    """
    reports: list[MethodReport] = []
    route: Route | None = None
    for method in wire.METHODS:
        started = asyncio.get_running_loop().time()
        until = started + client.limits.call_seconds
        try:
            route = route or await client.route(seed, until)
            answer = await client.call(route, method, until)
            facts = _facts(method, answer.result, client.limits.max_pods, clock())
        except CallFailed as error:
            reports.append(MethodReport(method, explain.failure(method, error), error.failure))
            if not error.reached:
                break
        else:
            reports.append(MethodReport(method, explain.success(method, facts), None, answer.latency_ms, facts))
    return ProbeReport(seed.name, tuple(reports))


def render(report: ProbeReport) -> str:
    """The report as lines of text: for each method the result, its explanation, and the facts."""
    lines = [report.target]
    for entry in report.methods:
        outcome = entry.failure.category.value if entry.failure else f"ok, {entry.latency_ms:.1f} ms"
        lines.append(f"  {entry.method}: {outcome}")
        lines.append(f"      {entry.explanation}")
        if entry.failure:
            lines.append(f"      ({entry.failure.message})")
        lines.extend(f"      {name}: {value}" for name, value in entry.facts.items() if value is not None)
    lines.append("  It can serve as a seed." if report.ok else "  It cannot serve as a seed.")
    return "\n".join(lines)


def _facts(method: str, result: object, max_pods: int, now: float) -> Facts:
    match method:
        case wire.GET_VERSION:
            return {"version": wire.read_version(result)}
        case wire.GET_STATS:
            stats, dropped = wire.read_stats(result)
            return {**stats.model_dump(), **dropped}
        case _:
            pods = wire.read_pods(result, max_pods)
            return _list_facts(pods, now) | (_figure_facts(pods) if method == wire.GET_PODS_WITH_STATS else {})


def _figure_facts(pods: wire.PodList) -> dict[str, Fact]:
    rows = pods.observations
    return {
        "public": sum(row.is_public is True for row in rows),
        "with_figures": sum(row.uptime is not None for row in rows),
    }


def _list_facts(pods: wire.PodList, now: float) -> dict[str, Fact]:
    rows = pods.observations
    stamps = [row.last_seen for row in rows if row.last_seen is not None]
    versions = Counter(row.version or "unknown" for row in rows).most_common(TOP_VERSIONS)
    return {
        "pods": len(rows),
        "heard": sum(row.version is not None for row in rows),
        "keys": len({row.pubkey for row in rows if row.pubkey is not None}),
        "versions": ", ".join(f"{version} ({count})" for version, count in versions) or None,
        "newest_contact_age": round(now - max(stamps)) if stamps else None,
        **pods.dropped,
    }
