"""Retention: events that are older than their tenant wants to keep are dropped; their blocks and all that they told of stay.

What may go is judged in the database, by the function that drops: old enough as the tenant has chosen, sealed in a block
that stays, seen by every follower, delivered or given up everywhere. Here is only who is asked, and how much at a time.
"""

from uuid import UUID

from twh_server.database.engine import Database

DROPPED_EVENTS_MAX = 2_000
"""So many at a time: whoever writes for the tenant waits for as long as that takes."""


async def drop_old_events(database: Database) -> int:
    """Drop what is old of all tenants that keep events for some days only; answers how many events that were."""
    async with database.workers.connection() as connection:
        cursor = await connection.execute(WHO_DROPS)
        tenants = [tenant for (tenant,) in await cursor.fetchall()]
    return sum([await _drop(database, tenant) for tenant in tenants])


async def _drop(database: Database, tenant: UUID) -> int:
    dropped = 0
    while True:
        async with database.workers.connection() as connection:
            row = await (await connection.execute(DROP, {"tenant": tenant, "most": DROPPED_EVENTS_MAX})).fetchone()
        if row is None or not row[0]:
            return dropped
        dropped += row[0]


WHO_DROPS = """
select tenant_id
from tenant_settings
where chosen ->> 'event_days' is not null
order by tenant_id
"""

DROP = "select drop_old_events(%(tenant)s, %(most)s)"
