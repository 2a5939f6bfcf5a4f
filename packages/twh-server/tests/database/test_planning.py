"""On tables that nobody has analyzed yet, every look-up of the write path leads to the very row."""

import psycopg
import pytest
import pytest_asyncio

from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.database.migrate import migrate

# What the checks of foreign keys ask, and what the commands look up by name.
LOOK_UPS = {
    "entries_pkey": "select 1 from entries where tenant_id = $1 and id = $2",
    "items_pkey": "select 1 from items where tenant_id = $1 and id = $2",
    "locations_pkey": "select 1 from locations where tenant_id = $1 and id = $2",
    "deliveries_pkey": "select 1 from deliveries where tenant_id = $1 and id = $2",
    "a_sku_is_taken_for_ever": "select 1 from items where tenant_id = $1 and sku = $2",
    "a_code_is_taken_for_ever": "select 1 from locations where tenant_id = $1 and code = $2",
    "idempotency_keys_pkey": "select 1 from idempotency_keys where tenant_id = $1 and key = $2",
    "stock_movements_by_entry": "select 1 from stock_movements where tenant_id = $1 and entry_id = $2",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fresh(postgres, address):
    """A connection of the write path to a database that was migrated just now."""
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as connection:
        connection.execute("create database fresh")
    there = Address(postgres.conninfo(dbname="fresh"))
    migrate(there)
    async with Database(there) as database, database.writers.connection() as connection:
        yield connection


@pytest.mark.parametrize(("index", "sql"), LOOK_UPS.items())
async def test_a_look_up_takes_the_index_that_was_made_for_it(fresh, index, sql):
    kind = "text" if sql.endswith(("sku = $2", "code = $2", "key = $2")) else "uuid"
    await fresh.execute(f"prepare asked(uuid, {kind}) as {sql}")
    try:
        plan = await (await fresh.execute("explain execute asked(null, null)")).fetchall()
    finally:
        await fresh.execute("deallocate asked")

    lines = [line for (line,) in plan]
    assert any(index in line for line in lines), lines
    [condition] = [line for line in lines if "Index Cond" in line]
    assert condition.count("= $") == 2, lines


async def test_the_write_path_never_reads_a_whole_table(fresh):
    [(scans,)] = await (await fresh.execute("show enable_seqscan")).fetchall()

    assert scans == "off"
