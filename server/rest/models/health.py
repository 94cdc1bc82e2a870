"""Bodies of the health routes."""

from pydantic import Field

from server.rest.models.base import IN_GOSSIP, Body, Count, Seconds, UnixTime


class Check(Body):
    """One thing that health depends on."""

    status: str = Field(description="pass, warn or fail")
    message: str | None = Field(default=None, description="The result, as text for people")
    observed: float | None = Field(default=None, description="The value that was checked")
    limit: float | None = Field(default=None, description="The bound that it was compared with")


class Checks(Body):
    snapshot: Check = Field(description="Age of the snapshot in seconds")
    store: Check = Field(description="Whether the store answers; the last good snapshot is served while it does not")
    seeds: Check = Field(description="Seeds that answered in the last cycle, of those configured")
    rollup: Check = Field(description="Seconds since the last roll-up of history")
    retention: Check = Field(description="Seconds since the last run of retention")


class Health(Body):
    """The state for monitors: healthy below two polling intervals of age, degraded up to five, unhealthy (503) beyond.

    It is also degraded if no roll-up or retention run has succeeded for an hour.
    """

    status: str = Field(description="healthy, degraded or unhealthy")
    message: str = Field(description="The state in a sentence")
    reason: str | None = Field(default=None, description="Why it is unhealthy; absent otherwise")
    cause: str | None = Field(
        default=None,
        description="What keeps new snapshots from coming: STORE, WORKER, UPLINK, SEEDS or CLOCK; absent while they come",
    )
    cause_message: str | None = Field(default=None, description="The cause in a sentence; absent while they come")
    snapshot_age_seconds: Seconds | None = Field(default=None, description="Absent without a snapshot")
    last_updated: UnixTime | None = Field(default=None, description="When the snapshot was taken; absent without one")
    last_gossip_fetch: UnixTime | None = Field(
        default=None, description="When a seed last gave its list; absent before"
    )
    cache_ttl: Seconds = Field(description="The polling interval in seconds")
    total_pnodes: Count | None = Field(default=None, description=f"{IN_GOSSIP}; absent without a snapshot")
    total_ip_nodes: Count | None = Field(default=None, description="Seeds configured; absent without a snapshot")
    uptime: Seconds = Field(description="Seconds since this process started")
    checks: Checks
    timestamp: UnixTime = Field(description="Now")


class Probe(Body):
    """A probe's answer: for platforms and load balancers."""

    status: str = Field(description="live, ready or unready")
    reason: str | None = Field(default=None, description="Why it is not ready; absent otherwise")
