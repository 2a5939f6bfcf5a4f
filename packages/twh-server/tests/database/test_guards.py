"""The guards as PostgreSQL has them, held against the guards as they were meant."""

import re

import pytest

from twh_server.database.guards import APP, GUARDED, OWNER, WORKER

BY_TENANT = sorted(table for table, guard in GUARDED.items() if guard.by_tenant)
HISTORY = sorted(table for table, guard in GUARDED.items() if guard.history)
NOT_OURS = "alembic_version"

TABLES = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner)
from pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
"""

POLICIES = """
select tablename, policyname, permissive, roles::text[], cmd, qual, with_check
from pg_policies
"""

TABLE_RIGHTS = """
select c.relname, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'), lower(a.privilege_type)
from pg_class as c
cross join lateral aclexplode(c.relacl) as a
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S') and a.grantee <> c.relowner
"""

COLUMN_RIGHTS = """
select c.relname, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'),
       lower(a.privilege_type) || ' (' || t.attname || ')'
from pg_class as c
join pg_attribute as t on t.attrelid = c.oid
cross join lateral aclexplode(t.attacl) as a
where c.relnamespace = 'public'::regnamespace
"""

TRIGGERS = """
select c.relname, t.tgname, t.tgenabled, t.tgfoid::regproc::text, pg_get_triggerdef(t.oid)
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid
where not t.tgisinternal and c.relnamespace = 'public'::regnamespace
"""

KEYS = """
select c.relname, k.conname, a.attname
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'f')
"""

ROLES = """
select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
from pg_roles
where rolname like 'twh\\_%'
"""


@pytest.fixture
def asked(superuser, address):
    """Ask the system catalogue of the migrated database."""

    async def ask(sql):
        return await (await superuser.execute(sql)).fetchall()

    return ask


def rights(text):
    """`select, update (status, name)` as single rights: select, update (status), update (name)."""
    single = set()
    for right, columns in re.findall(r"(\w+)(?: \(([^)]*)\))?", text):
        single |= {f"{right} ({column})" for column in columns.split(", ")} if columns else {right}
    return single


async def test_every_table_is_guarded(asked):
    assert {name for name, *_ in await asked(TABLES)} - {NOT_OURS} == set(GUARDED)


async def test_every_table_belongs_to_the_owner(asked):
    assert {owner for *_, owner in await asked(TABLES)} == {OWNER}


async def test_row_security_is_forced_on_every_table_of_tenants_data(asked):
    secured = {name for name, enabled, forced, _ in await asked(TABLES) if enabled and forced}

    assert sorted(secured) == BY_TENANT


async def test_the_application_is_bound_to_the_tenant_of_its_transaction(asked):
    policies = {
        table: (command, qual, check)
        for table, _, _, roles, command, qual, check in await asked(POLICIES)
        if roles == [APP]
    }
    own = "(tenant_id = (NULLIF(current_setting('twh.tenant'::text, true), ''::text))::uuid)"

    assert policies == dict.fromkeys(BY_TENANT, ("ALL", own, own))


async def test_policies_are_exactly_those_that_are_meant(asked):
    meant = {(table, (OWNER,)) for table in BY_TENANT} | {(table, (APP,)) for table in BY_TENANT}
    meant |= {(table, (WORKER,)) for table in BY_TENANT if GUARDED[table].worker}
    found = [(table, tuple(roles)) for table, _, _, roles, *_ in await asked(POLICIES)]

    assert sorted(found) == sorted(meant)


async def test_privileges_are_exactly_those_that_are_meant(asked):
    meant = {
        (table, role, right)
        for table, guard in GUARDED.items()
        for role, text in ((APP, guard.app), (WORKER, guard.worker))
        for right in rights(text)
    }
    meant |= {(NOT_OURS, APP, "select"), (NOT_OURS, WORKER, "select")}

    assert {*await asked(TABLE_RIGHTS), *await asked(COLUMN_RIGHTS)} == meant


async def test_nobody_but_the_owner_may_edit_history():
    edits = {
        (table, right)
        for table in HISTORY
        for right in rights(GUARDED[table].app) | rights(GUARDED[table].worker)
        if not right.startswith(("select", "insert"))
    }

    assert not edits


async def test_history_is_the_four_tables_that_the_first_law_names():
    assert HISTORY == ["blocks", "entries", "events", "stock_movements"]


async def test_the_triggers_of_history_fire_always(asked):
    triggers = [
        (table, name, enabled, function)
        for table, name, enabled, function, _ in await asked(TRIGGERS)
        if function == "refuse_change"
    ]
    names = ("history_is_not_edited", "history_is_not_truncated")

    assert sorted(triggers) == [(table, name, "A", "refuse_change") for table in HISTORY for name in names]


async def test_the_tenant_leads_every_key_of_tenants_data(asked):
    leads = {(table, key): column for table, key, column in await asked(KEYS) if table in BY_TENANT}

    assert set(leads.values()) == {"tenant_id"}
    assert {table for table, _ in leads} == set(BY_TENANT)


async def test_our_roles_have_no_power_beyond_their_rights(asked):
    powers = {name: any(rest) for name, *rest in await asked(ROLES)}

    assert powers == {OWNER: False, APP: False, WORKER: False}


@pytest.mark.parametrize("role", [APP, WORKER])
async def test_the_roles_of_the_server_have_no_ddl(asked, role):
    may_create = await asked(
        f"select has_schema_privilege('{role}', 'public', 'create'), has_database_privilege('{role}', 'twh', 'create')"
    )

    assert may_create == [(False, False)]
