"""What the planner is told of tables that are still empty.

A prepared statement, and the check of a foreign key, keep the plan that was made when they were first used. On a table
that nobody has analyzed yet, PostgreSQL takes a tenant's rows to be one in two hundred, so that an index on the tenant
and something else looks as good as the one that leads to the very row; and a tenant's thousandth entry then reads
through the nine hundred and ninety-nine before it. Told that there are few tenants, it takes the exact index at once.
The first real statistics replace this.

PostgreSQL before 18 cannot be told. So the worker looks for tables that have grown beyond a page and were never
analyzed, and has them analyzed: every plan that was made before is then made anew. Autovacuum would come by itself, but
only after a minute or so, and a minute of wrong plans is what a new customer would judge by.
"""

from twh_server.database.engine import Database
from twh_server.database.guards import OWNER, WORKER

GROWN_BYTES = 16_384
"""Two pages. What is smaller is read through as quickly as it is looked up."""


async def analyze_grown(database: Database) -> int:
    """Have the tables analyzed that have grown and never were; answers how many."""
    async with database.workers.connection() as connection:
        row = await (await connection.execute("select analyze_grown_tables()")).fetchone()
        return int(row[0]) if row else 0


EXPECT_FEW_TENANTS = """
do $$
declare
    tenants_rows regclass;
begin
    if current_setting('server_version_num')::integer < 180000 then
        return;
    end if;
    for tenants_rows in
        select c.oid
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.reltuples <= 0
    loop
        perform pg_restore_attribute_stats(
            'schemaname', 'public',
            'relname', (select relname::text from pg_class where oid = tenants_rows),
            'attname', 'tenant_id',
            'inherited', false,
            'null_frac', 0::real,
            'avg_width', 16,
            'n_distinct', 1::real
        );
    end loop;
end
$$;
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
