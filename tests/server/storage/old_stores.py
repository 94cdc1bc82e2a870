"""Stores written by earlier releases (tests/data/stores), for tests of migrations and of backups."""

from collections import defaultdict
from typing import Any

import bson
import zstandard
from pymongo.asynchronous.database import AsyncDatabase

from tests.factories import AT
from tests.processes import REPOSITORY

FOLDER = REPOSITORY / "tests" / "data" / "stores"
NODES = 4
INTERVAL = 1_200
SLOTS = range(AT, AT + 3 * 3_600, INTERVAL)


def versions() -> list[int]:
    """The versions with a recorded store."""
    return sorted(int(place.name.removeprefix("version-").partition(".")[0]) for place in FOLDER.glob("version-*"))


def documents_of(version: int) -> dict[str, list[dict[str, Any]]]:
    """The documents of a recorded store, by collection."""
    packed = (FOLDER / f"version-{version}.bson.zst").read_bytes()
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in bson.decode_all(zstandard.ZstdDecompressor().decompressobj().decompress(packed)):
        found[each["collection"]].append(each["document"])
    return dict(found)


async def put_store(database: AsyncDatabase[dict[str, Any]], version: int) -> None:
    """Fill an empty database with a recorded store, with the index that was removed later."""
    for name, documents in documents_of(version).items():
        await database[name].insert_many(documents)
    if version < 3:
        await database["registry"].create_index([("seen", -1), ("_id", 1)], name="seen")


async def all_documents(database: AsyncDatabase[dict[str, Any]]) -> dict[str, dict[Any, dict[str, Any]]]:
    """Everything in a database, by collection and key."""
    names = sorted(await database.list_collection_names())
    return {name: {each["_id"]: each async for each in database[name].find({})} for name in names}
