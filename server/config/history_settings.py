"""The settings of history."""

from pydantic_settings import BaseSettings

from server.config.variables import setting


class HistorySettings(BaseSettings):
    """How long each kind of data is kept."""

    raw_retention_hours: int = setting(
        48, "a whole number of hours from 1 to 8760", "How long every slot is kept whole.", ge=1, le=8_760
    )
    m5_retention_days: int = setting(
        14, "a whole number of days from 1 to 3650", "How long 5-minute buckets are kept.", ge=1, le=3_650
    )
    h1_retention_days: int = setting(
        90,
        "a whole number of days from 1 to 3650, at least M5_RETENTION_DAYS",
        "How long hourly buckets, and the last snapshot of each hour, are kept. Daily buckets are kept permanently.",
        ge=1,
        le=3_650,
    )
    events_retention_days: int = setting(
        90, "a whole number of days from 1 to 3650", "How long the log of events is kept.", ge=1, le=3_650
    )
    offline_retention_days: int = setting(
        30,
        "a whole number of days from 1 to 3650",
        "After how many days an offline node leaves the snapshots. The registry keeps it.",
        ge=1,
        le=3_650,
    )
