"""A pydantic model that does not track which fields were set. Nothing uses that information, and the sets would take
more memory than the models.

Only this module uses private attributes of pydantic models. See the decision record on records.
"""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel

_SHARED: set[str] = set()


class LeanModel(BaseModel):
    """A model whose `model_fields_set` is empty."""

    def model_post_init(self, context: object, /) -> None:
        """Clear the set of fields that were set."""
        object.__setattr__(self, "__pydantic_fields_set__", _SHARED)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some values replaced, without validation. pydantic's own copy would have its own field
        set."""
        if deep:
            return super().model_copy(update=update, deep=True)
        copied = type(self).__new__(type(self))
        put = object.__setattr__
        put(copied, "__dict__", self.__dict__ | (update or {}))
        put(copied, "__pydantic_fields_set__", _SHARED)
        put(copied, "__pydantic_extra__", None)
        put(copied, "__pydantic_private__", None)
        return copied
