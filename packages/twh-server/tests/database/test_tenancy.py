"""Row security, as the application's role meets it: without a tenant there is nothing, and nothing of another's."""

import psycopg
import pytest
from psycopg import sql

from twh_server.catalogue.item_commands import UpdateItem
from twh_server.database.engine import SET_TENANT
from twh_server.database.guards import APP, GUARDED
from twh_server.journal.commands import Answer, Submission

READABLE = sorted(name for name, guard in GUARDED.items() if guard.by_tenant and "select" in guard.app)
INSERTABLE = sorted(name for name, guard in GUARDED.items() if guard.by_tenant and "insert" in guard.app)
UPDATABLE = sorted(name for name, guard in GUARDED.items() if guard.by_tenant and "update" in guard.app)
DELETABLE = sorted(name for name, guard in GUARDED.items() if guard.by_tenant and "delete" in guard.app)

# What the core does not write.
MORE_ROWS = """
insert into tenant_settings (tenant_id, chosen, version, updated_at) values (%(tenant)s, '{}', 1, now());
insert into cursors (tenant_id, follower, sequence, updated_at) values (%(tenant)s, 'tests', 0, now());
insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, enabled, since_sequence, version,
                               created_at, updated_at)
values (%(tenant)s, %(id)s, 'https://example.com', '{}', '', '', false, 0, 1, now(), now());
insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts, created_at)
values (%(tenant)s, %(id)s, %(id)s, 1, %(id)s, 'item.created', 'failed', 1, now());
insert into endpoint_queues (tenant_id, endpoint_id) values (%(tenant)s, %(id)s);
insert into delivery_attempts (tenant_id, delivery_id, number, at, milliseconds) values (%(tenant)s, %(id)s, 1, now(), 1);
insert into replays (tenant_id, id, which, kinds, first_sequence, last_sequence, state, position, within, total,
                     due_at, created_at)
values (%(tenant)s, %(id)s, 'all', '{}', 1, 1, 'finished', 1, %(tenant)s, 1, now(), now());
insert into checkpoints (tenant_id, name, sequence, version, updated_at) values (%(tenant)s, 'shipping', 1, 1, now());
"""


@pytest.fixture
async def filled(stockroom, writer, shop, superuser):
    """A tenant with rows in every table."""
    await stockroom.receive("apples", 5)
    await stockroom.do(UpdateItem(item="apples", changes={"barcodes": ["4006381333931"]}))
    command = stockroom.entry("receipt")

    def told(_):
        return Answer(status=422)

    await writer.submit(Submission(tenant=shop.tenant, command=command, answer=told, refuse=told, key="first"))
    for statement in MORE_ROWS.strip().split(";\n"):
        await superuser.execute(statement, {"tenant": shop.tenant, "id": shop.key})
    return shop


@pytest.fixture
async def app(address):
    """A connection of the application's role, in a transaction that is thrown away."""
    async with await psycopg.AsyncConnection.connect(address.as_role(APP)) as connection:
        yield connection
        await connection.rollback()


async def count(connection, table):
    cursor = await connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
    return (await cursor.fetchone())[0]


@pytest.mark.parametrize("table", sorted(GUARDED))
async def test_there_is_something_of_the_tenant_in_every_table(filled, superuser, table):
    tenant = "id" if table == "tenants" else "tenant_id"
    cursor = await superuser.execute(f"select count(*) from {table} where {tenant} = %s", (filled.tenant,))

    assert (await cursor.fetchone())[0] > 0


@pytest.mark.parametrize("table", READABLE)
async def test_without_a_tenant_there_is_nothing_to_see(filled, app, table):
    assert await count(app, table) == 0


@pytest.mark.parametrize("table", READABLE)
async def test_another_tenant_sees_nothing_of_it(filled, other_shop, app, table):
    await app.execute(SET_TENANT, (str(other_shop.tenant),))

    cursor = await app.execute(f"select count(*) from {table} where tenant_id = %s", (filled.tenant,))

    assert await cursor.fetchone() == (0,)


async def test_when_the_transaction_ends_the_tenant_is_forgotten(filled, app):
    await app.execute(SET_TENANT, (str(filled.tenant),))
    seen = await count(app, "items")
    await app.commit()

    assert (seen, await count(app, "items")) == (2, 0)


@pytest.mark.parametrize("table", INSERTABLE)
async def test_a_row_of_another_tenant_cannot_be_written(filled, other_shop, app, table):
    await app.execute(SET_TENANT, (str(other_shop.tenant),))

    # Row security is asked before any other rule, so a row that lacks everything else will do.
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await app.execute(f"insert into {table} (tenant_id) values (%s)", (filled.tenant,))


@pytest.mark.parametrize("table", UPDATABLE)
async def test_rows_of_another_tenant_cannot_be_changed(filled, other_shop, app, table):
    await app.execute(SET_TENANT, (str(other_shop.tenant),))

    cursor = await app.execute(f"update {table} set tenant_id = tenant_id where tenant_id = %s", (filled.tenant,))

    assert cursor.rowcount == 0


@pytest.mark.parametrize("table", DELETABLE)
async def test_rows_of_another_tenant_cannot_be_deleted(filled, other_shop, app, table):
    await app.execute(SET_TENANT, (str(other_shop.tenant),))

    cursor = await app.execute(f"delete from {table} where tenant_id = %s", (filled.tenant,))

    assert cursor.rowcount == 0


@pytest.mark.parametrize("table", UPDATABLE)
async def test_a_row_cannot_be_given_to_another_tenant(filled, other_shop, app, table):
    await app.execute(SET_TENANT, (str(filled.tenant),))

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await app.execute(f"update {table} set tenant_id = %s", (other_shop.tenant,))


async def test_a_reference_to_another_tenants_row_is_refused_by_the_key(filled, other_shop, app, superuser):
    found = await superuser.execute("select id from items where tenant_id = %s", (filled.tenant,))
    (item,) = await found.fetchone()
    await app.execute(SET_TENANT, (str(other_shop.tenant),))

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await app.execute("insert into item_barcodes values (%s, '4006381333931', %s)", (other_shop.tenant, item))
