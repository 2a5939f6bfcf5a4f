"""Selects whose filters vary: built with SQLAlchemy Core, compiled to text, run like any other statement."""

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import psycopg

from twh_server.database.engine import Database, Row

_DIALECT = psycopg.PGDialect_psycopg()

Select: TypeAlias = "sa.Select[*tuple[Any, ...]]"


async def rows_of(database: Database, tenant: UUID, statement: Select) -> Sequence[Row]:
    """The rows of a select over one tenant's data. The select itself has to name the tenant."""
    compiled = statement.compile(dialect=_DIALECT)
    return await database.read(tenant, compiled.string, dict(compiled.params))


def keyset(column: sa.ColumnElement[Any], after: Any, *, newest_first: bool) -> sa.ColumnElement[bool]:
    """The rows that come behind one in the order of a column."""
    return column < after if newest_first else column > after
