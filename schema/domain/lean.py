"""A pydantic model that does not track which fields were set. Nothing uses that information, and the sets would take
more memory than the models.

Only this module uses private attributes of pydantic models. See the decision record on records.
"""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Self, TypeVar, cast

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
        return _made(type(self), self.__dict__ | (update or {}))


P = ParamSpec("P")
M = TypeVar("M", bound=LeanModel)


def unchecked(model: Callable[P, M]) -> Callable[P, M]:
    """The constructor of a record, without validation: for values that were validated before.

    It takes a fifth of the time. Arguments are given by the names of the fields, and every default must be immutable,
    because records share it. Type checkers check the arguments as for the record itself.
    """
    record = cast("type[M]", model)
    # In the order of the fields, because records are written in the order of their values.
    defaults: dict[str, Any] = {name: field.get_default() for name, field in record.model_fields.items()}

    def make(*_: P.args, **values: P.kwargs) -> M:
        return _made(record, defaults | values)

    return make


def _made(model: type[M], values: dict[str, Any]) -> M:
    made = model.__new__(model)
    put = object.__setattr__
    put(made, "__dict__", values)
    put(made, "__pydantic_fields_set__", _SHARED)
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made
