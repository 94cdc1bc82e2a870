"""The settings of logs and of the data folder."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic_settings import BaseSettings

from server.config.variables import LowerCase, setting


class LogSettings(BaseSettings):
    """What is logged, in which format, and where local files are."""

    data_dir: Path = setting(
        Path("data"), "a folder", "The folder of the stores that `pnodes up` starts, and of their logs."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], LowerCase] = setting(
        "info", "debug, info, warning or error", "The lowest level that is logged."
    )
    log_format: Annotated[Literal["auto", "json", "console"], LowerCase] = setting(
        "auto", "auto, json or console", "auto: text on a terminal, JSON elsewhere."
    )
    access_log_sample: int = setting(
        100,
        "a whole number from 0 (none) to 1000000",
        "One in this many requests is logged. Failed and slow requests are always logged.",
        ge=0,
        le=1_000_000,
    )
    slow_request_ms: int = setting(
        1_000,
        "a whole number of milliseconds from 1 to 600000",
        "The duration from which a request counts as slow.",
        ge=1,
        le=600_000,
    )
