"""Sweeping: an idempotency key keeps its answer for some days, as its tenant has chosen; what was recorded, for ever."""

from datetime import datetime

from twh_server.database.engine import Database

SWEEP_ROWS_MAX = 1_000


async def sweep_keys(database: Database, *, now: datetime, days: int) -> int:
    """Forget old refusals and other answers that no event can tell again, a chunk at a time; answers how many.

    `days` is for how many days answers are kept where the tenant has chosen nothing.
    """
    swept = 0
    while True:
        async with database.workers.connection() as connection:
            cursor = await connection.execute(SWEEP, {"now": now, "days": days, "limit": SWEEP_ROWS_MAX})
        swept += cursor.rowcount
        if cursor.rowcount < SWEEP_ROWS_MAX:
            return swept


# Keys whose answer an event tells stay: that answer can be given for as long as the event is there.
SWEEP = """
delete from idempotency_keys
where (tenant_id, key) in (
    select t.id, old.key
    from tenants as t
    left join tenant_settings as s on s.tenant_id = t.id
    cross join lateral (
        select key
        from idempotency_keys
        where tenant_id = t.id
          and sequence is null
          and recorded_at < %(now)s - make_interval(
              days => coalesce((s.chosen ->> 'idempotency_key_days')::integer, %(days)s)
          )
        order by recorded_at
        limit %(limit)s
        for update skip locked
    ) as old
    limit %(limit)s
)
"""
