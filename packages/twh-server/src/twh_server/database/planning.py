"""What the planner is told of tables that are still empty.

A prepared statement, and the check of a foreign key, keep the plan that was made when they were first used. On a table
that nobody has analyzed yet, PostgreSQL takes a tenant's rows to be one in two hundred, so that an index on the tenant
and something else looks as good as the one that leads to the very row; and a tenant's thousandth entry then reads
through the nine hundred and ninety-nine before it. Told that there are few tenants, it takes the exact index at once.
The first real statistics replace this. PostgreSQL before 18 cannot be told; there, autovacuum mends it in its time.
"""

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
