"""History is never edited: the database refuses it, to the owner and to the superuser too."""

import psycopg
import pytest

from twh_server.database.guards import APP, GUARDED, OWNER

HISTORY = sorted(table for table, guard in GUARDED.items() if guard.history)
EDITS = [
    "update {} set recorded_at = recorded_at",
    "delete from {}",
    "truncate {} cascade",
    "merge into {} as t using (select 1) as s on true when matched then delete",
]


@pytest.fixture
async def told(stockroom):
    """A tenant with a little of everything in its history."""
    await stockroom.receive("apples", 5)


@pytest.fixture
async def owner(address):
    async with await psycopg.AsyncConnection.connect(address.as_role(OWNER), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("table", HISTORY)
async def test_the_owner_cannot_edit_history(told, owner, table, edit):
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="history is never edited"):
        await owner.execute(edit.format(table))


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("table", HISTORY)
async def test_a_superuser_who_switches_triggers_off_for_a_session_cannot_either(told, superuser, table, edit):
    await superuser.execute("set session_replication_role = replica")

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="history is never edited"):
        await superuser.execute(edit.format(table))


@pytest.mark.parametrize("table", HISTORY)
async def test_an_upsert_cannot_edit_history(told, owner, table):
    unique = {"events": "tenant_id, sequence", "blocks": "tenant_id, first_sequence"}.get(table, "tenant_id, id")
    upsert = f"insert into {table} select * from {table} limit 1 on conflict ({unique}) do update"

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="history is never edited"):
        await owner.execute(f"{upsert} set recorded_at = now()")


@pytest.mark.parametrize("table", HISTORY)
async def test_the_application_has_no_right_to_edit_history(told, address, table):
    async with await psycopg.AsyncConnection.connect(address.as_role(APP)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"delete from {table}")


async def test_the_application_cannot_become_anyone_else(address):
    async with await psycopg.AsyncConnection.connect(address.as_role(APP), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"set role {OWNER}")
