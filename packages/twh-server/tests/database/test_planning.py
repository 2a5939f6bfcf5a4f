"""On tables that nobody has analyzed yet, and on those that have just grown, every look-up leads to the very row."""

import psycopg
import pytest
import pytest_asyncio
from grown import GROW

from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.database.guards import APP, GUARDED
from twh_server.database.migrate import migrate
from twh_server.database.planning import analyze_grown, expect_few_tenants

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


def arguments(sql):
    return f"uuid, {'text' if sql.endswith(('sku = $2', 'code = $2', 'key = $2')) else 'uuid'}"


def enters_by_both(plan, index):
    """Whether a plan goes by that index, and by both its columns."""
    lines = [line for (line,) in plan]
    conditions = [line for line in lines if "Index Cond" in line]
    return any(index in line for line in lines) and [condition.count("= $") for condition in conditions] == [2]


@pytest.mark.parametrize(("index", "sql"), LOOK_UPS.items())
async def test_a_look_up_takes_the_index_that_was_made_for_it(fresh, index, sql):
    await fresh.execute(f"prepare asked({arguments(sql)}) as {sql}")
    try:
        plan = await (await fresh.execute("explain execute asked(null, null)")).fetchall()
    finally:
        await fresh.execute("deallocate asked")

    assert enters_by_both(plan, index), plan


EXPECTED_OF_FRESH_TABLES = """
select c.relname, c.reltuples, pg_relation_size(c.oid), s.n_distinct, s.most_common_vals is null, a.attoptions
from pg_class as c
left join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
left join pg_stats as s on s.tablename = c.relname and s.attname = 'tenant_id'
where c.relname = any (%s)
"""


async def test_of_every_new_table_only_that_it_has_few_tenants_is_expected(fresh, postgres):
    has_no_other_index = {"tenants", "tenant_settings"}
    never_analyzed, nothing_in_it, one_tenant, whoever_it_is, no_option = -1, 0, 1, True, None

    with psycopg.connect(postgres.conninfo(user="postgres", dbname="fresh")) as superuser:
        rows = superuser.execute(EXPECTED_OF_FRESH_TABLES, (list(GUARDED.keys() - has_no_other_index),)).fetchall()

    expected = (never_analyzed, nothing_in_it, one_tenant, whoever_it_is, no_option)
    assert {name: tuple(expectation) for name, *expectation in rows} == dict.fromkeys(
        GUARDED.keys() - has_no_other_index, expected
    )


async def test_a_table_that_has_rows_is_not_emptied(address, shop):
    with psycopg.connect(address.as_login()) as superuser, pytest.raises(psycopg.errors.RaiseException, match="rows"):
        superuser.execute(expect_few_tenants(["tenants"]))


async def test_the_write_path_never_reads_a_whole_table(fresh):
    [(scans,)] = await (await fresh.execute("show enable_seqscan")).fetchall()

    assert scans == "off"


class Grown:
    """A database whose tables were empty when the look-ups were planned, then grew, and were looked at by the worker."""

    def __init__(self, database, connection):
        self.database, self.connection = database, connection
        self.analyzed = []

    async def plan_look_ups(self):
        for index, sql in LOOK_UPS.items():
            await self.connection.execute(f"prepare {index} ({arguments(sql)}) as {sql}")
            await self.connection.execute(f"execute {index}(null, null)")

    async def look(self):
        self.analyzed.append(await analyze_grown(self.database))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def grown(postgres, address):
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as connection:
        connection.execute("create database grown")
    there = Address(postgres.conninfo(dbname="grown"))
    migrate(there)
    async with Database(there) as database, database.writers.connection() as connection:
        grown = Grown(database, connection)
        await grown.plan_look_ups()
        await grown.look()
        with psycopg.connect(there.as_login()) as superuser:
            superuser.execute(GROW)
        await grown.look()
        await grown.look()
        yield grown


@pytest.mark.parametrize("index", LOOK_UPS)
async def test_what_was_planned_before_the_tables_grew_is_planned_anew(grown, index):
    plan = await (await grown.connection.execute(f"explain execute {index}(null, null)")).fetchall()

    assert enters_by_both(plan, index), plan


async def test_tables_are_analyzed_once_when_they_have_grown(grown):
    one_row_for_each_tenant = {"tenants", "tenant_settings", "ledger_heads"}

    assert grown.analyzed == [0, len(GUARDED) - len(one_row_for_each_tenant), 0]


async def test_only_the_worker_may_have_tables_analyzed(address):
    async with await psycopg.AsyncConnection.connect(address.as_role(APP)) as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await app.execute("select analyze_grown_tables()")
