"""A replica set of two members for the driver: the primary has the newest data, the secondary is behind.

Both are proxies of one server. The secondary reads another database of it, which holds the older data.
"""

import struct
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import bson

from tests.mongo_proxy import BACKGROUND, OP_MSG, MongoProxy, command_name

NAME = "rs0"
OPTIONS = f"replicaSet={NAME}&serverMonitoringMode=poll&heartbeatFrequencyMS=3600000"
BODY = {OP_MSG: 21, 1: 36, 2004: 0}
"""Where the first document of a message begins, by its opcode: OP_MSG, OP_REPLY, and OP_QUERY, which stays as it is."""


class Member(MongoProxy):
    """A proxy that describes its server as one member of the set."""

    def __init__(self, uri: str, database: str) -> None:
        super().__init__(uri)
        self._database = database
        self._hosts: list[str] = []
        self._primary = ""

    def joins(self, hosts: list[str], primary: str) -> None:
        self._hosts, self._primary = hosts, primary

    @property
    def host(self) -> str:
        return self.uri.partition("//")[2].partition("/")[0]

    def request(self, message: bytes) -> bytes:
        """Reads go to the database of this member."""
        name = command_name(message)
        if name is None or name in BACKGROUND:
            return message
        return _changed(message, {"$db": self._database})

    def answer(self, message: bytes) -> bytes:
        """Only the description of a server names a set."""
        if "setName" not in _document(message):
            return message
        primary = self.host == self._primary
        described = {
            "setName": NAME,
            "hosts": self._hosts,
            "primary": self._primary,
            "me": self.host,
            "isWritablePrimary": primary,
            "ismaster": primary,
            "secondary": not primary,
        }
        return _changed(message, described)


@asynccontextmanager
async def replica_set(uri: str, newest: str, older: str) -> AsyncGenerator[str]:
    """The URI of a set on a server. Its primary reads the database `newest`, and its secondary `older`."""
    async with Member(uri, newest) as primary, Member(uri, older) as secondary:
        hosts = [primary.host, secondary.host]
        for member in (primary, secondary):
            member.joins(hosts, primary.host)
        yield f"mongodb://{','.join(hosts)}/?{OPTIONS}"


def _opcode(message: bytes) -> int:
    return int.from_bytes(message[12:16], "little")


def _document(message: bytes) -> Mapping[str, Any]:
    start = BODY[_opcode(message)]
    if not start:
        return {}
    size = int.from_bytes(message[start : start + 4], "little")
    decode = cast("Callable[[bytes], dict[str, Any]]", bson.decode)
    return decode(message[start : start + size])


def _changed(message: bytes, fields: Mapping[str, object]) -> bytes:
    """The same message with other values of some fields of its first document."""
    start = BODY[_opcode(message)]
    size = int.from_bytes(message[start : start + 4], "little")
    body = bson.encode({**_document(message), **fields})
    whole = message[:start] + body + message[start + size :]
    return struct.pack("<i", len(whole)) + whole[4:]
