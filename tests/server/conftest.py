"""What tests of the web side share."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """For tests that configure logging: everything as it was before, after them."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    yield
    root.handlers[:], level, logging.raiseExceptions = before[0], before[1], before[2]
    root.setLevel(level)
    for name in ("uvicorn.access", "uvicorn.error", "arq", "pymongo", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
