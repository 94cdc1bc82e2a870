"""`/health` for monitors, `/health/live` and `/health/ready` for platforms and load balancers."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from schema.domain.errors import DomainError
from schema.domain.snapshot.freshness import UNHEALTHY_AFTER_INTERVALS, Freshness, age_seconds, freshness
from schema.domain.snapshot.record import Snapshot
from schema.domain.words import counted
from schema.reads import HISTORY_JOBS, CollectorState, JobReport, Reads, outage
from server.rest.errors import RETRY_AFTER_SECONDS
from server.rest.models.health import Health, Probe
from server.rest.respond import fresh
from server.rest.routes import Routes
from server.rest.service import ServiceInfo

STORE_TIMEOUT_SECONDS = 0.5
STORE_CHECK_SECONDS = 1.0
NO_SNAPSHOT = "No snapshot available"
# Roll-up and retention run every five minutes. Reads of history can replace three hours of missing roll-ups, no more.
JOB_LATE_SECONDS = 900
JOB_STALE_SECONDS = 3_600
_MESSAGES = {
    Freshness.HEALTHY: "The data are fresh",
    Freshness.DEGRADED: "The data are older than two polling intervals; the last good snapshot is served",
    Freshness.UNHEALTHY: "The data are older than five polling intervals",
}


@dataclass(frozen=True, slots=True)
class StoreState:
    """The result of the last check of the store, and when a seed last returned its list (unix seconds; None: never).

    `collector` is None while the store does not answer.
    """

    checked_at: float
    last_fetch: int | None
    collector: CollectorState | None = None


class StoreWatch:
    """Checks the store at most once a second, whatever the number of probes, and waits at most half a second."""

    def __init__(self, reads: Reads, service: ServiceInfo) -> None:
        self._reads = reads
        self._service = service
        self._state: StoreState | None = None
        self._looking = asyncio.Lock()

    async def state(self) -> StoreState:
        async with self._looking:
            state, now = self._state, self._service.clock()
            if state is None or not 0 <= now - state.checked_at < STORE_CHECK_SECONDS:
                state = self._state = await self._look(now)
            return state

    async def _look(self, now: float) -> StoreState:
        try:
            async with asyncio.timeout(STORE_TIMEOUT_SECONDS):
                await self._reads.available()
                collector = await self._reads.collector()
        except (DomainError, TimeoutError):
            return StoreState(now, _last_fetch(self._reads.current()))
        if not collector.from_store:
            return StoreState(now, _last_fetch(self._reads.current()))
        fetched = [seed.succeeded_at for seed in collector.seeds if seed.succeeded_at is not None]
        return StoreState(now, max(fetched, default=_last_fetch(self._reads.current())), collector)


def health_routes(reads: Reads, service: ServiceInfo) -> Routes:
    """The health routes. None of them is ever cached, redirected, or refused for its Host."""
    routes = Routes("health")
    watch = StoreWatch(reads, service)
    unhealthy: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "Unhealthy"}}
    unready: dict[int | str, dict[str, Any]] = {503: {"model": Probe, "description": "Not ready; see `Retry-After`"}}

    @routes.get(
        "/health",
        operation="getHealth",
        summary="Health, for monitors",
        model=Health,
        responses=unhealthy,
        kept=False,
    )
    async def health() -> Response:
        """Whether the data are fresh: healthy under two polling intervals of age, degraded up to five, else 503."""
        body = health_body(reads.current(), await watch.state(), service)
        return fresh(body, status=503 if body["status"] == Freshness.UNHEALTHY.value else 200)

    @routes.get(
        "/health/live",
        operation="getLiveness",
        summary="Liveness, for platforms",
        model=Probe,
        kept=False,
    )
    async def live() -> Response:
        """200 while this process runs. It checks nothing else, so a platform does not restart the process in an outage
        of the store."""
        return fresh({"status": "live"})

    @routes.get(
        "/health/ready",
        operation="getReadiness",
        summary="Readiness, for load balancers",
        model=Probe,
        responses=unready,
        kept=False,
    )
    async def ready() -> Response:
        """200 while a snapshot is in memory, whatever its age, because an old snapshot is better than none.

        503 before the first one, and while the process starts or drains.
        """
        if not service.accepting():
            return _unready("The process is starting or draining")
        if reads.current() is None:
            return _unready(service.store_refusal() or NO_SNAPSHOT)
        return fresh({"status": "ready"})

    return routes


def health_body(snapshot: Snapshot | None, store: StoreState, service: ServiceInfo) -> dict[str, Any]:
    """The body of /health, from the snapshot in memory and the last check of the store."""
    now = service.clock()
    common = {"last_gossip_fetch": store.last_fetch, "uptime": service.uptime, "timestamp": int(now)}
    refusal = service.store_refusal()
    state_of = store.collector or CollectorState(from_store=False)
    fault = outage(state_of, snapshot, now, service.cache_ttl)
    if fault is not None:
        common |= {"cause": fault.cause.value, "cause_message": fault.message}
    if snapshot is None:
        return {
            "status": Freshness.UNHEALTHY.value,
            "message": "Nothing has been collected yet",
            "reason": refusal or NO_SNAPSHOT,
            "cache_ttl": service.cache_ttl,
            "checks": {
                "snapshot": {"status": "fail", "message": NO_SNAPSHOT},
                "store": _store_check(store, refusal),
                "seeds": {"status": "fail", "message": "No cycle has been committed"},
                **_job_checks(store, now),
            },
            **common,
        }
    header = snapshot.header
    age = age_seconds(header.taken_at, now)
    state = freshness(age, header.interval)
    jobs = _job_checks(store, now)
    body: dict[str, Any] = {
        "status": state.value,
        "message": _MESSAGES[state],
        "snapshot_age_seconds": age,
        "last_updated": header.taken_at,
        "cache_ttl": header.interval,
        "total_pnodes": header.totals.in_gossip,
        "total_ip_nodes": header.totals.seeds_configured,
        "checks": {
            "snapshot": _snapshot_check(state, age, header.interval),
            "store": _store_check(store, refusal),
            "seeds": _seeds_check(header.totals.seeds_ok, header.totals.seeds_configured),
            **jobs,
        },
        **common,
    }
    if state is Freshness.HEALTHY and (stale := [name for name, check in jobs.items() if check["status"] == "fail"]):
        body["status"] = Freshness.DEGRADED.value
        body["message"] = f"The data are fresh; no {' and no '.join(stale)} has succeeded for too long"
    if state is Freshness.UNHEALTHY:
        body["reason"] = (
            f"Snapshot too old: {age} s, at most {UNHEALTHY_AFTER_INTERVALS * header.interval} s are expected"
        )
    return body


def _snapshot_check(state: Freshness, age: int, interval: int) -> dict[str, Any]:
    word = {Freshness.HEALTHY: "pass", Freshness.DEGRADED: "warn", Freshness.UNHEALTHY: "fail"}[state]
    return {"status": word, "message": _MESSAGES[state], "observed": age, "limit": UNHEALTHY_AFTER_INTERVALS * interval}


def _store_check(store: StoreState, refusal: str | None) -> dict[str, Any]:
    if refusal is not None:
        return {"status": "fail", "message": refusal}
    if store.collector is not None and store.collector.store_fault is not None:
        return {"status": "fail", "message": f"The store accepts no writes: {store.collector.store_fault}"}
    if store.collector is not None:
        return {"status": "pass", "message": "The store answers"}
    return {"status": "warn", "message": f"The store did not answer within {STORE_TIMEOUT_SECONDS} s"}


def _seeds_check(ok: int, configured: int) -> dict[str, Any]:
    word = "pass" if ok == configured else "warn" if ok else "fail"
    message = f"{ok} of {counted(configured, 'seed')} answered in the last cycle"
    return {"status": word, "message": message, "observed": ok, "limit": configured}


def _job_checks(store: StoreState, now: float) -> dict[str, dict[str, Any]]:
    """How long ago each maintenance job of the history last succeeded."""
    if store.collector is None:
        unknown = {"status": "warn", "message": "Not known while the store does not answer"}
        return dict.fromkeys(HISTORY_JOBS, unknown)
    reports = {report.name: report for report in store.collector.jobs}
    return {name: _job_check(reports.get(name), now) for name in HISTORY_JOBS}


def _job_check(report: JobReport | None, now: float) -> dict[str, Any]:
    if report is None or report.succeeded_at is None:
        return {"status": "warn", "message": "It has not succeeded yet"}
    age = age_seconds(report.succeeded_at, now)
    word = "pass" if age <= JOB_LATE_SECONDS else "warn" if age <= JOB_STALE_SECONDS else "fail"
    message = f"It last succeeded {age} s ago"
    return {"status": word, "message": message, "observed": age, "limit": JOB_STALE_SECONDS}


def _last_fetch(snapshot: Snapshot | None) -> int | None:
    """When a seed last returned its list, according to the snapshot in memory."""
    return max((seed.answered_at for seed in snapshot.header.seeds if seed.ok), default=None) if snapshot else None


def _unready(reason: str) -> Response:
    return fresh({"status": "unready", "reason": reason}, status=503, headers={"retry-after": str(RETRY_AFTER_SECONDS)})
