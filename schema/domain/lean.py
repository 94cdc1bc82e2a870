"""A pydantic model without an account of which fields were set: nobody asks, and those sets would be larger than the models.

This is the only module that uses attributes of pydantic models that pydantic keeps for itself. See the decision on records.
"""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel

_SHARED: set[str] = set()


class LeanModel(BaseModel):
    """A model whose `model_fields_set` is empty."""

    def model_post_init(self, context: object, /) -> None:
        """Forget which fields were set."""
        object.__setattr__(self, "__pydantic_fields_set__", _SHARED)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, which are not validated; a copy of pydantic's would have a set of its own."""
        if deep:
            return super().model_copy(update=update, deep=True)
        copied = type(self).__new__(type(self))
        put = object.__setattr__
        put(copied, "__dict__", self.__dict__ | (update or {}))
        put(copied, "__pydantic_fields_set__", _SHARED)
        put(copied, "__pydantic_extra__", None)
        put(copied, "__pydantic_private__", None)
        return copied
