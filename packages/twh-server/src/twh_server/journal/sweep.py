"""Sweeping: an idempotency key keeps its answer for some days; the key of what was recorded is kept for ever."""

from datetime import datetime

from twh_server.database.engine import Database

SWEEP_ROWS_MAX = 1_000


async def sweep_keys(database: Database, *, older_than: datetime) -> int:
    """Forget old refusals and other answers that no event can tell again, a chunk at a time; answers how many."""
    swept = 0
    while True:
        async with database.workers.connection() as connection:
            cursor = await connection.execute(SWEEP, {"older_than": older_than, "limit": SWEEP_ROWS_MAX})
        swept += cursor.rowcount
        if cursor.rowcount < SWEEP_ROWS_MAX:
            return swept


# Keys whose answer an event tells stay: that answer can be given for as long as the event is there.
SWEEP = """
delete from idempotency_keys
where (tenant_id, key) in (
    select tenant_id, key
    from idempotency_keys
    where recorded_at < %(older_than)s and sequence is null
    order by recorded_at
    limit %(limit)s
    for update skip locked
)
"""
