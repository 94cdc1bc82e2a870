"""The facts about the process that the routes need. The composition root builds them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schema.domain.scoring.recommend import MAX_PER_GROUP


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """This process, as `/` and `/health` describe it.

    `cache_ttl` is the configured polling interval in seconds. `clock` returns unix seconds, and `started_at` is a
    reading of it. `accepting` is false while the process starts or drains. `store_refusal` returns why the store must
    not be read (a newer release has written it), or None if it may be read. `cache_hit_ratio` is the share (0..1) of
    responses that came from the response cache; None without a cache, or before its first response. `root_path` is the
    prefix of all paths behind a proxy that removes it. `sisters` are the URLs of deployments that serve other networks,
    by network. `recommended_per_group` is the maximum number of recommended nodes of one neighbourhood by policy 2.0.
    """

    version: str
    network: str
    cache_ttl: int
    clock: Callable[[], float]
    started_at: float
    accepting: Callable[[], bool] = lambda: True
    store_refusal: Callable[[], str | None] = lambda: None
    cache_hit_ratio: Callable[[], float | None] = lambda: None
    root_path: str = ""
    sisters: Mapping[str, str] = field(default_factory=dict[str, str])
    recommended_per_group: int = MAX_PER_GROUP

    @property
    def uptime(self) -> int:
        """Whole seconds since this process started."""
        return max(0, int(self.clock() - self.started_at))
