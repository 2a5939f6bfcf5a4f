"""Selects whose conditions vary, as text that can be pasted into psql, and answers too long to be held at once."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

from twh_server.database.engine import Connection, Database, Row, constant

FETCH_SIZE = 2_000


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

    def knowing(self, **values: Any) -> Self:
        """With values that the text itself names."""
        self._values.update(values)
        return self

    async def rows(self, database: Database, ending: str, **values: Any) -> Sequence[Row]:
        """The rows, in the order and number that the ending says."""
        return await database.read(self._tenant, f"{self._text}\n{ending}", self._values | values)


@asynccontextmanager
async def walk(
    connection: Connection, sql: str, parameters: Mapping[str, object]
) -> AsyncGenerator[AsyncIterator[Row]]:
    """The rows of a long answer, some at a time; closed with the block, also when a fault ends it."""
    async with connection.cursor("walk") as cursor:
        cursor.itersize = FETCH_SIZE
        await cursor.execute(constant(sql), parameters)
        yield cursor


def named(alias: str, columns: str) -> str:
    """A list of columns, each behind the alias of its table."""
    return ", ".join(f"{alias}.{column}" for column in columns.split(", "))
