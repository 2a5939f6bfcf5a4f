"""What every model has in common: frozen, and open to what a newer server adds; and reading one from an answer's bytes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from twh.wire import BrokenOff

T = TypeVar("T")


class Model(BaseModel):
    """Unknown fields are kept and can be read as attributes."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True, protected_namespaces=())

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What is printed ends in logs: a secret is read as an attribute, and is not printed."""
        for name, value in super().__repr_args__():
            yield name, "…" if name == "secret" else value


@cache
def adapter(returns: Any) -> TypeAdapter[Any]:
    return TypeAdapter(returns)


def read(returns: type[T], body: bytes) -> T:
    """The body as what was promised. Raises `BrokenOff` for JSON that is not whole, ValueError for one that does not fit."""
    try:
        value: T = adapter(cast("Any", returns)).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise BrokenOff("breaks off in the middle") from None
        place = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"does not fit: {place}: {first['msg']}") from error
    return value
