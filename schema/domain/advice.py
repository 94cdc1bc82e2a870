"""A piece of advice: what was found, and what to do about it."""

from enum import StrEnum

from schema.domain.base import Record


class AdviceLevel(StrEnum):
    """How much it matters, from most to least."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    WARNING = "WARNING"
    LOW = "LOW"
    INFO = "INFO"


class Advice(Record):
    """One finding. `category` is a word for machines; `recommendation` says what to aim at, `action` what to do."""

    category: str
    level: AdviceLevel
    message: str
    recommendation: str
    action: str
