"""Announces over Redis that a slot has been committed."""

from typing import Any

from schema.domain.base import Slot
from schema.writes import CHANNEL


class RedisAnnouncer:
    """`Announcer` over a Redis client (redis.asyncio). Raises what the client raises. A lost message is harmless."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def announce(self, slot: Slot) -> None:
        await self._client.publish(CHANNEL, str(slot))
