"""A schema in which anything can fail anywhere: every kind of field, nullable and not, synchronous and not.

The value of a field, and whether it fails, depends only on the number of its `Place` and its name, so two executions of
one document get the same values.
"""

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any, Optional

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.domain.errors import BadUserInput
from schema.graphql.types.enums import PNodeStatus
from schema.graphql.types.fields import attribute, resolved
from schema.graphql.types.scalars import SCALARS, BigInt, DateTime

ODD: dict[str, tuple[object, ...]] = {
    "text": ("", "é", 5, True, 1.5, None, b"b", PNodeStatus.GHOST),
    "count": (0, -1, 2**31, True, "7", "x", 1.5, 2.0, None, float("nan")),
    "ratio": (0.0, 1, float("nan"), float("inf"), "0.5", None, 10**400, True),
    "truth": (True, False, 1, 0, "yes", None, float("nan")),
    "large": (0, 2**53, -(2**53), True, "5", None, 1.5),
    "time": (0, 10**12, -1, True, None, "now"),
    "status": (PNodeStatus.ONLINE, "GHOST", "NOPE", None, 3, []),
    "line": ("", 0, 5, False, True, None, b"", b"b", ()),
    "texts": ((), ("a", None), ["b", 3, True], "text", 5, None, {"a": 1}, {1: "a view"}.values(), (b"",)),
}
USUAL: dict[str, object] = {
    "text": "text",
    "count": 3,
    "ratio": 0.5,
    "truth": True,
    "large": 2**40,
    "time": 1_800_000_000,
    "status": PNodeStatus.ONLINE,
    "line": "line",
    "texts": ("a", "b"),
}


class Place:
    """The current position in a document. Its attributes are usual, odd or missing, by its number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def draw(self, name: str, sides: int) -> int:
        """A number under `sides`, always the same for the same place and name."""
        return zlib.crc32(f"{self.number}/{name}".encode()) % sides

    def __getattr__(self, name: str) -> object:
        kind = name.removeprefix("sure_")
        if kind not in USUAL:
            raise AttributeError(name)
        drawn = self.draw(name, 24)
        if drawn == 0:
            raise AttributeError(f"{name} is missing at {self.number}")
        odd = ODD[kind]
        return odd[self.draw(f"odd {name}", len(odd))] if drawn < 3 else USUAL[kind]

    def child(self, name: str) -> "Place":
        return Place(self.draw(f"child {name}", 10_000))


def _happens(place: Place, name: str, share: int = 12) -> object:
    """Raise, or return an odd value, in one of this many cases."""
    drawn = place.draw(f"fate {name}", share * 5)
    if drawn == 0:
        raise RuntimeError(f"{name} failed at {place.number}")
    if drawn == 1:
        raise BadUserInput(f"{name} is refused at {place.number}")
    return {2: None, 3: ValueError(f"{name} at {place.number}"), 4: 5}.get(drawn, place)


def give_one(root: strawberry.Parent[Place], by: int = 0) -> Any:
    if by > 5:
        raise BadUserInput(f"by is {by}, expected at most 5")
    found = _happens(root, f"one {by}")
    return found.child(f"one {by}") if isinstance(found, Place) else found


def give_many(root: strawberry.Parent[Place], first: int = 2) -> Any:
    found = _happens(root, "many")
    if not isinstance(found, Place):
        return found
    items: list[object] = [_happens(found.child(f"item {n}"), "item", 6) for n in range(min(max(first, 0), 4))]
    return tuple(items) if found.draw("tuple", 2) else items


def give_grid(root: strawberry.Parent[Place]) -> Any:
    found = _happens(root, "grid")
    cells: Sequence[object] = [1, 2, None, "3", 2**31, 4]
    width = 2 + root.draw("width", 5)
    return [cells[:width], None, cells[1:2]] if isinstance(found, Place) else found


async def give_later(root: strawberry.Parent[Place], info: strawberry.Info[Any, Any], by: int = 0) -> Any:
    for _ in range(root.draw(f"ticks {by}", 4)):
        await asyncio.sleep(0)
    found = _happens(root, f"later {by}", 6)
    return found.child(f"later {by}") if isinstance(found, Place) else found


async def give_many_later(root: strawberry.Parent[Place]) -> Any:
    for _ in range(root.draw("many ticks", 4)):
        await asyncio.sleep(0)
    return give_many(root)


async def give_count_later(root: strawberry.Parent[Place]) -> Any:
    for _ in range(root.draw("count ticks", 3)):
        await asyncio.sleep(0)
    return _happens(root, "count", 6) and root.count


def give_asks_more(root: strawberry.Parent[Place], info: strawberry.Info[Any, Any]) -> str:
    """Needs attributes that only graphql-core's own info has."""
    return f"{info.field_name} at {info.path.as_list()} for {sorted(info.context)}"


def give_asks_context(root: strawberry.Parent[Place], info: strawberry.Info[Any, Any]) -> str:
    return ",".join(sorted(info.context))


@strawberry.type
class Thing:
    text: str | None = attribute("")
    line: str | None = attribute("", empty_is_null=True)
    sure_text: str = attribute("")
    count: int | None = attribute("")
    sure_count: int = attribute("")
    ratio: float | None = attribute("")
    sure_ratio: float = attribute("")
    truth: bool | None = attribute("")
    sure_truth: bool = attribute("")
    large: BigInt | None = attribute("")
    sure_large: BigInt = attribute("")
    time: DateTime | None = attribute("")
    sure_time: DateTime = attribute("")
    status: PNodeStatus | None = attribute("")
    sure_status: PNodeStatus = attribute("")
    texts: list[str | None] | None = attribute("")
    sure_texts: list[str] = attribute("")
    one = resolved(give_one, Optional["Thing"], "")
    sure_one = resolved(give_one, "Thing", "")
    many = resolved(give_many, Optional[list[Optional["Thing"]]], "")  # noqa: UP045  (a name in quotes has no |)
    sure_many = resolved(give_many, list["Thing"], "")
    grid = resolved(give_grid, list[list[int | None] | None] | None, "")
    sure_grid = resolved(give_grid, list[list[int] | None], "")
    later = resolved(give_later, Optional["Thing"], "")
    sure_later = resolved(give_later, "Thing", "")
    many_later = resolved(give_many_later, Optional[list[Optional["Thing"]]], "")  # noqa: UP045  (as above)
    sure_many_later = resolved(give_many_later, list["Thing"], "")
    count_later = resolved(give_count_later, int | None, "")
    sure_count_later = resolved(give_count_later, int, "")
    asks_more = resolved(give_asks_more, str, "")
    asks_context = resolved(give_asks_context, str | None, "")


def start(number: int = 1) -> Any:
    return Place(number)


async def start_later(info: strawberry.Info[Any, Any], number: int = 2) -> Any:
    return await give_later(Place(number), info)


@strawberry.type
class Query:
    now = resolved(start, Thing | None, "")
    sure_now = resolved(start, Thing, "")
    later = resolved(start_later, Thing | None, "")
    sure_later = resolved(start_later, Thing, "")


def playground() -> strawberry.Schema:
    """The schema; its context is any mapping."""
    return strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))
