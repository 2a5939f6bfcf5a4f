"""Fan-out: each event becomes one delivery for each endpoint that wants it, once.

`fan_out` is the work of the follower named `FOLLOWER`. A paused endpoint gets its deliveries too; they are held in its
queue until it is enabled again. What was pending for a deleted endpoint has failed.

Which kinds an endpoint wants is judged where the events are, in the one statement that writes deliveries. Whoever wants
more than that (an item, a location, an order by items) has the run read and judged, by `particular`.
"""

from datetime import UTC, datetime
from typing import LiteralString

from twh_server.database.asking import as_json
from twh_server.database.engine import Connection
from twh_server.events.follow import Run
from twh_server.webhooks.particular import judge, particular

FOLLOWER = "webhooks"


async def fan_out(tx: Connection, run: Run) -> None:
    """Turn a run of events into deliveries that are due at once."""
    stretch = {"tenant": run.tenant, "first": run.first, "last": run.last, "now": datetime.now(UTC)}
    wishes = await particular(tx, run.tenant)
    chosen = await judge(tx, wishes, run)
    async with tx.pipeline():
        # Deliveries before queues, each in the order of their ids, as whoever records attempts does: two who lock in one
        # order do not deadlock. Every queue that is touched here is locked by `SPREAD`.
        # Planned each time: a plan that was made for empty tables would be kept long after they have filled.
        await tx.execute(GIVE_UP_DELETED, stretch, prepare=False)
        await tx.execute(SPREAD, {**stretch, "chosen": as_json(chosen)}, prepare=False)
        await tx.execute(FORGIVE, stretch, prepare=False)


KIND_IS_WANTED = "(w.kinds = '{}' or e.kind = any (w.kinds) or split_part(e.kind, '.', 1) || '.*' = any (w.kinds))"
"""Whether an event `e` is of a kind that an endpoint `w` wants."""

NEW_ID = """
           encode(overlay(uuid_send(gen_random_uuid()) placing substring(uuid_send(event_id) from 1 for 7) from 1),
                  'hex')::uuid"""
"""A delivery's id begins as its event's does: both are of one millisecond, and both are UUIDv7."""

LANES = "case when w.ordering = 'endpoint' then array[w.id] else '{}' end"
"""What the order of a delivery is kept within, where its endpoint `w` wants none by items."""


def due_now(endpoints: LiteralString) -> LiteralString:
    """The statement by which endpoints (`in (…)`, `= any (…)`) are due now, unless they are paused."""
    return f"""
insert into endpoint_queues (tenant_id, endpoint_id, due_at)
select w.tenant_id, w.id, case when w.enabled then %(now)s::timestamptz end
from webhook_endpoints as w
where w.tenant_id = %(tenant)s and w.id {endpoints}
order by w.id
on conflict (tenant_id, endpoint_id) do update
set due_at = least(endpoint_queues.due_at, excluded.due_at)
"""


# Whom a kind interests is judged once for each kind of the run: events are many, and mostly of few kinds. An endpoint that
# was changed is looked at, too: it may have been enabled.
SPREAD = f"""
with told as materialized (
    select sequence, id, kind, subject
    from events
    where tenant_id = %(tenant)s and sequence between %(first)s and %(last)s
),
interested as materialized (
    select w.id as endpoint_id, w.since_sequence, e.kind, {LANES} as lanes
    from (select distinct kind from told) as e
    join webhook_endpoints as w on {KIND_IS_WANTED}
    where w.tenant_id = %(tenant)s
      and w.deleted_at is null
      and w.items = '{{}}' and w.locations = '{{}}' and w.attributes = '{{}}' and w.ordering <> 'item'
),
wanted as (
    select i.endpoint_id, e.sequence, e.id as event_id, e.kind, i.lanes
    from interested as i
    join told as e on e.kind = i.kind and e.sequence > i.since_sequence
    union all
    select c.endpoint_id, e.sequence, e.id, e.kind, c.lanes
    from json_to_recordset(%(chosen)s::json) as c (endpoint_id uuid, sequence bigint, lanes uuid[])
    join told as e on e.sequence = c.sequence
),
written as (
    insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts,
                            next_attempt_at, created_at, lanes)
    select %(tenant)s,{NEW_ID},
           endpoint_id, sequence, event_id, kind, 'pending', 0, %(now)s, %(now)s, lanes
    from wanted
    on conflict (tenant_id, endpoint_id, sequence) do nothing
    returning endpoint_id
){due_now("in (select endpoint_id from written union all select subject from told where kind = 'endpoint.updated')")}"""

GIVE_UP_DELETED = """
update deliveries as d
set state = 'failed', next_attempt_at = null
from (
    select d.id
    from webhook_endpoints as w
    join deliveries as d on d.tenant_id = w.tenant_id and d.endpoint_id = w.id and d.state = 'pending'
    where w.tenant_id = %(tenant)s
      and w.deleted_at is not null
      and exists (
        select
        from events
        where tenant_id = %(tenant)s and sequence between %(first)s and %(last)s and kind = 'endpoint.deleted'
      )
    order by d.id
    for no key update of d
) as given_up
where d.tenant_id = %(tenant)s and d.id = given_up.id
"""

# Whoever enables an endpoint again, or gives it another address, has seen to it: it begins anew.
FORGIVE = """
update endpoint_queues as q
set failing_since = null, warned_at = null, held_until = null
from events as e
where e.tenant_id = %(tenant)s
  and e.sequence between %(first)s and %(last)s
  and e.kind = 'endpoint.updated'
  and q.tenant_id = e.tenant_id
  and q.endpoint_id = e.subject
  and ((e.body::json -> 'previous' ->> 'enabled') = 'false' or (e.body::json -> 'previous' ->> 'url') is not null)
"""
