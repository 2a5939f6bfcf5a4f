"""How values travel: exact quantities, instants in UTC, names inside a path, and the difference between None and not given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, NoReturn
from urllib.parse import quote, urlencode

from twh.errors.tree import UnusableName

Quantity = Decimal | int | str


class NotGiven(Enum):
    """Stands where an argument was left out and None would mean something else."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


def given(**values: object) -> dict[str, object]:
    """The values that were given; None stays, since it empties a field."""
    return {name: value for name, value in values.items() if value is not NOT_GIVEN}


def query(**filters: object) -> dict[str, str]:
    """The filters that were given, as text; None is no filter."""
    return {name: written(value) for name, value in filters.items() if value is not None}


def query_text(filters: Mapping[str, str]) -> str:
    return "?" + urlencode(filters, quote_via=quote) if filters else ""


def written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)


def segment(name: str) -> str:
    """A name as one segment of a path.

    A segment that is empty, `.` or `..` would address something else: it raises `UnusableName`.
    """
    if name in {"", ".", ".."}:
        raise UnusableName(
            f"{name!r} cannot stand in an address", code="unusable_name", hint="Use the id of what you mean."
        )
    return quote(name, safe="")


def quantity(value: Quantity, name: str = "quantity") -> str:
    """A quantity as exact text. A float is refused: what was rounded before it came here cannot be made exact again."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{name} is {value}, and a quantity is finite")
        return format(value, "f")
    if type(value) is int:
        return str(value)
    return refuse_quantity(value, name)


def refuse_quantity(value: object, name: str) -> NoReturn:
    if isinstance(value, float):
        raise TypeError(f"{name} is the float {value!r}, which is not exact: write Decimal('{value!r}') or '{value!r}'")
    raise TypeError(f"{name} is of type {type(value).__name__}: give a Decimal, an int or text")


def quantity_or_none(value: Quantity | NotGiven | None, name: str) -> str | NotGiven | None:
    return value if value is None or isinstance(value, NotGiven) else quantity(value, name)


def instant(value: datetime | str) -> str:
    """A moment as RFC 3339 in UTC. A datetime without a zone is refused: it names no moment."""
    if isinstance(value, str):
        return value
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone: use datetime.now(UTC) or .replace(tzinfo=UTC)")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_or_not(value: datetime | str | NotGiven) -> str | NotGiven:
    return value if isinstance(value, NotGiven) else instant(value)


def instant_or_none(value: datetime | str | NotGiven | None) -> str | NotGiven | None:
    return value if value is None or isinstance(value, NotGiven) else instant(value)


def whole_seconds(value: int | timedelta | NotGiven, name: str) -> int | NotGiven:
    """A duration as whole seconds: a fraction of one is refused, since it would be rounded."""
    if not isinstance(value, timedelta):
        return value
    if value % timedelta(seconds=1):
        raise ValueError(f"{name} is {value}, and is to be whole seconds")
    return value // timedelta(seconds=1)


class BrokenOff(ValueError):
    """JSON that is not whole."""
