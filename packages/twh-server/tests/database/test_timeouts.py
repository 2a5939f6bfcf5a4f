"""How long the database may take is said once, for every connection of every pool."""

import asyncio

import psycopg
import pytest

from twh_server.database.engine import HAS_TRANSACTION_TIMEOUT, Database, Timeouts, is_transient

TIMEOUTS = Timeouts(statement_seconds=1.5, lock_seconds=0.25, idle_seconds=40)


async def falls_silent(connection):
    """What a session hears that has asked a part of a pipeline, and the rest two seconds later."""
    async with connection.pipeline():
        await connection.execute("begin")
        asked = await connection.execute("select 1")
        connection.pgconn.send_flush_request()
        connection.pgconn.flush()
        await asyncio.sleep(2)
        await asked.fetchone()


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


async def test_a_transaction_whose_process_falls_silent_while_it_asks_is_ended_too(address):
    """Between the parts of a pipeline a session is not idle to PostgreSQL, and no other timeout looks."""
    timeouts = Timeouts(lock_seconds=0.2, idle_seconds=0.3)
    async with Database(address, timeouts=timeouts) as database, database.writers.connection() as connection:
        if connection.info.server_version < HAS_TRANSACTION_TIMEOUT:
            pytest.skip("this PostgreSQL has no timeout for transactions")
        with pytest.raises(psycopg.Error) as ended:
            await falls_silent(connection)

    assert is_transient(ended.value)
