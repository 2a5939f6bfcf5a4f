"""Selects whose conditions vary: text that can be pasted into psql, with the conditions that apply."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from twh_server.database.engine import Database, Row


class Select:
    """A select over one tenant's data, whose text ends in a `where` clause that names the tenant."""

    def __init__(self, text: str, tenant: UUID) -> None:
        self._text = text.rstrip()
        self._tenant = tenant
        self._values: dict[str, Any] = {"tenant": tenant}

    def where(self, condition: str, **values: Any) -> Self:
        """Only rows for which a condition holds."""
        self._text += f"\n  and {condition}"
        self._values.update(values)
        return self

    def given(self, condition: str, **value: Any) -> Self:
        """Only rows for which a condition holds, when its one value is given."""
        (only,) = value.values()
        return self if only is None else self.where(condition, **value)

    async def rows(self, database: Database, ending: str, **values: Any) -> Sequence[Row]:
        """The rows, in the order and number that the ending says."""
        return await database.read(self._tenant, f"{self._text}\n{ending}", self._values | values)


def named(alias: str, columns: str) -> str:
    """A list of columns, each behind the alias of its table."""
    return ", ".join(f"{alias}.{column}" for column in columns.split(", "))
