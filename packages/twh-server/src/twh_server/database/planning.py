"""What the planner is told of tables that are still empty.

A prepared statement, and the check of a foreign key, keep the plan that was made when they were first used. On a table
that nobody has analyzed yet, PostgreSQL takes a tenant's rows to be one in two hundred, so that an index on the tenant
and something else looks as good as the one that leads to the very row; and a tenant's thousandth entry then reads
through the nine hundred and ninety-nine before it. Told that there are few tenants, it takes the exact index at once.
The first real statistics replace this.

A table that was emptied without being told anew is as new to the planner. So the worker looks for tables that have grown
beyond a page and were never analyzed, and has them analyzed: every plan that was made before is then made anew.
Autovacuum would come by itself, but only after a minute or so, and a minute of wrong plans is what a new customer would
judge by.
"""

from collections.abc import Iterable

from twh_server.database.engine import Database
from twh_server.database.guards import OWNER, WORKER

GROWN_BYTES = 16_384
"""Two pages. What is smaller is read through as quickly as it is looked up."""


async def analyze_grown(database: Database) -> int:
    """Have the tables analyzed that have grown and never were; answers how many."""
    async with database.workers.connection() as connection:
        row = await (await connection.execute("select analyze_grown_tables()")).fetchone()
        return int(row[0]) if row else 0


def expect_few_tenants(tables: Iterable[str]) -> str:
    """SQL that tells of tables that were created just now, in the order of their references."""
    names = ", ".join(f"'{table}'" for table in tables)
    return EXPECT_FEW_TENANTS.format(tables=f"array[{names}]")


# Statistics come from rows, before PostgreSQL 18 from nothing else: each table has one for as long as it is analyzed.
# `truncate` then forgets how many rows there were, and keeps what was found in them; but only of a table that was not
# created in the very same (sub)transaction, which is what the savepoint is for. The row satisfies what the constraints of
# all tables ask: references name each other, `live` is a kind everywhere, and `failed` a state that needs nothing else.
EXPECT_FEW_TENANTS = """
savepoint example;
do $do$
declare
    created text;
    columns text;
    example text;
    found boolean;
begin
    foreach created in array {tables} loop
        execute format('select exists (select from %I)', created) into found;
        if found then
            raise exception '% has rows: nothing needs to be told of it', created;
        end if;
        select string_agg(quote_ident(attname), ', ' order by attnum),
               string_agg(
                   case format_type(atttypid, null)
                       when 'uuid' then quote_literal('00000000-0000-0000-0000-000000000000')
                       when 'text' then quote_literal(case attname when 'kind' then 'live' else 'failed' end)
                       when 'timestamp with time zone' then 'now()'
                       when 'boolean' then 'true'
                       when 'bytea' then quote_literal('')
                       when 'jsonb' then quote_literal('{{}}')
                       when 'text[]' then quote_literal('{{}}')
                       else '1'
                   end,
                   ', ' order by attnum
               )
        into columns, example
        from pg_attribute
        where attrelid = created::regclass and attnum > 0 and attnotnull and not atthasdef;
        execute format('insert into %I (%s) values (%s)', created, columns, example);
        if columns like '%tenant_id%' then
            execute format('alter table %I alter column tenant_id set (n_distinct = 1)', created);
            execute format('analyze %I (tenant_id)', created);
            execute format('alter table %I alter column tenant_id reset (n_distinct)', created);
        end if;
    end loop;
    execute 'truncate ' || (select string_agg(quote_ident(name), ', ') from unnest({tables}) as name);
end
$do$;
release savepoint example;
"""

# Only a table's owner may analyze it.
LET_WORKERS_ANALYZE = f"""
create function analyze_grown_tables() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    grown text;
    analyzed integer := 0;
begin
    for grown in
        select c.relname
        from pg_class as c
        where c.relkind = 'r'
          and c.relnamespace = 'public'::regnamespace
          and c.relowner = '{OWNER}'::regrole
          and c.reltuples <= 0
          and pg_relation_size(c.oid) >= {GROWN_BYTES}
    loop
        execute format('analyze (skip_locked) public.%I', grown);
        analyzed := analyzed + 1;
    end loop;
    return analyzed;
end
$$;
alter function analyze_grown_tables() owner to {OWNER};
revoke execute on function analyze_grown_tables() from public;
grant execute on function analyze_grown_tables() to {WORKER};
"""
