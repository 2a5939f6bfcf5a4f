"""How long the database may take is said once, for every connection of every pool."""

import pytest

from twh_server.database.engine import Database, Timeouts

TIMEOUTS = Timeouts(statement_seconds=1.5, lock_seconds=0.25, idle_seconds=40)


@pytest.mark.parametrize(("pool", "statement"), [("writers", "1500ms"), ("readers", "1500ms"), ("workers", "4500ms")])
async def test_every_pool_has_the_timeouts(address, pool, statement):
    async with Database(address, timeouts=TIMEOUTS) as database, getattr(database, pool).connection() as connection:
        cursor = await connection.execute(
            "select name, setting || unit from pg_settings where name ~ '^(statement|lock|idle_in_transaction)' order by 1"
        )
        told = dict(await cursor.fetchall())

    assert told["statement_timeout"] == statement
    assert told["lock_timeout"] == "250ms"
    assert told["idle_in_transaction_session_timeout"] == "40000ms"
