"""Who may send a delivery now: claims with a lease and a fence.

A claim moves `next_attempt_at` to the end of the lease and marks the delivery with a fence. As long as the lease runs,
nobody else finds the delivery due; when the claimer is never heard of again, it is due once more by itself. An attempt
is recorded only while its fence still stands, so whoever comes too late changes nothing.

Every endpoint has a queue that says when its next delivery is due. Claimers go from queue to queue, and a queue that
was served goes behind those that wait: an endpoint's deliveries, however many and however slow, hold up only its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from twh_server.access.tenants import TenantKind
from twh_server.database.engine import Connection
from twh_server.database.identifiers import DeliveryId, EndpointId, EventId, TenantId

LEASE_SECONDS = 60.0
"""Longer than an attempt can take, by more than the clocks of two hosts may differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A delivery that is ours to send until the lease ends."""

    tenant: TenantId
    delivery: DeliveryId
    endpoint: EndpointId
    fence: UUID
    attempts: int
    """How many were made before."""
    event: EventId
    tenant_kind: TenantKind
    url: str
    sealed_secrets: Sequence[bytes]
    """Those that sign it: the endpoint's own, and for a while after a rotation the one before."""
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of one attempt, and what follows from it."""

    claim: Claim
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    response: str | None
    delivered: bool
    next_attempt_at: datetime | None
    """When to try again; None: it was delivered, or is given up."""


async def claim(
    tx: Connection, *, now: datetime, room: int, endpoint_room: int, busy: Mapping[UUID, int]
) -> Sequence[Claim]:
    """Claim up to `room` due deliveries, of each endpoint up to `endpoint_room` with those in `busy` counted."""
    full = [endpoint for endpoint, sending in busy.items() if sending >= endpoint_room]
    # A statement of its own: those after it see what the locks' previous holders committed.
    locked = await tx.execute(LOCK_QUEUES, {"now": now, "full": full, "limit": room}, prepare=False)
    queues = await locked.fetchall()
    if not queues:
        return []
    share = max(1, room // len(queues))
    fence = uuid4()
    asked = {
        "tenants": [tenant for tenant, _ in queues],
        "endpoints": [endpoint for _, endpoint in queues],
        "rooms": [min(share, endpoint_room - busy.get(endpoint, 0)) for _, endpoint in queues],
        "now": now,
        "lease": now + timedelta(seconds=LEASE_SECONDS),
        "fence": fence,
    }
    async with tx.pipeline():
        taken = await tx.execute(TAKE, asked, prepare=False)
        await tx.execute(SET_NEXT_DUE, asked, prepare=False)
    return [
        Claim(
            tenant=tenant,
            delivery=delivery,
            endpoint=endpoint,
            fence=fence,
            attempts=attempts,
            event=event,
            tenant_kind=tenant_kind,
            url=url,
            sealed_secrets=[sealed for sealed in (secret, previous) if sealed is not None],
            body=body.encode(),
        )
        for (
            tenant,
            delivery,
            endpoint,
            attempts,
            event,
            tenant_kind,
            url,
            secret,
            previous,
            body,
        ) in await taken.fetchall()
    ]


async def record(tx: Connection, results: Sequence[Result]) -> None:
    """Record attempts whose fence still stands, and what follows from them."""
    ordered = sorted(results, key=lambda result: result.claim.delivery)
    arrays = {
        "tenants": [result.claim.tenant for result in ordered],
        "deliveries": [result.claim.delivery for result in ordered],
        "fences": [result.claim.fence for result in ordered],
        "numbers": [result.claim.attempts + 1 for result in ordered],
        "at": [result.at for result in ordered],
        "milliseconds": [result.milliseconds for result in ordered],
        "statuses": [result.status for result in ordered],
        "errors": [result.error for result in ordered],
        "responses": [result.response for result in ordered],
        "delivered": [result.delivered for result in ordered],
        "next": [result.next_attempt_at for result in ordered],
    }
    await tx.execute(RECORD, arrays, prepare=False)


LOCK_QUEUES = """
select tenant_id, endpoint_id
from endpoint_queues
where due_at <= %(now)s and endpoint_id <> all (%(full)s::uuid[])
order by due_at
limit %(limit)s
for update skip locked
"""

TAKE = """
with due as (
    select d.tenant_id, d.id
    from unnest(%(tenants)s::uuid[], %(endpoints)s::uuid[], %(rooms)s::integer[]) as q (tenant_id, endpoint_id, room)
    join webhook_endpoints as w on w.tenant_id = q.tenant_id and w.id = q.endpoint_id and w.enabled
    cross join lateral (
        select tenant_id, id
        from deliveries
        where tenant_id = q.tenant_id
          and endpoint_id = q.endpoint_id
          and state = 'pending'
          and next_attempt_at <= %(now)s
        order by next_attempt_at
        limit q.room
        for update skip locked
    ) as d
),
taken as (
    update deliveries as d
    set next_attempt_at = %(lease)s, fence = %(fence)s
    from due
    where d.tenant_id = due.tenant_id and d.id = due.id
    returning d.tenant_id, d.id, d.endpoint_id, d.attempts, d.event_id, d.sequence
)
select t.tenant_id, t.id, t.endpoint_id, t.attempts, t.event_id, n.kind, w.url, w.sealed_secret,
       case when w.previous_until > %(now)s then w.sealed_previous end, e.body
from taken as t
join tenants as n on n.id = t.tenant_id
join webhook_endpoints as w on w.tenant_id = t.tenant_id and w.id = t.endpoint_id
join events as e on e.tenant_id = t.tenant_id and e.sequence = t.sequence
order by t.sequence
"""

# Not earlier than now: a queue that has more goes behind the queues that were due before. A paused one waits for nothing.
SET_NEXT_DUE = """
update endpoint_queues as q
set due_at = case when w.enabled then (
    select greatest(d.next_attempt_at, %(now)s)
    from deliveries as d
    where d.tenant_id = q.tenant_id and d.endpoint_id = q.endpoint_id and d.state = 'pending'
    order by d.next_attempt_at
    limit 1
) end
from unnest(%(tenants)s::uuid[], %(endpoints)s::uuid[]) as served (tenant_id, endpoint_id)
join webhook_endpoints as w on w.tenant_id = served.tenant_id and w.id = served.endpoint_id
where q.tenant_id = served.tenant_id and q.endpoint_id = served.endpoint_id
"""

# An endpoint may have been deleted meanwhile: its deliveries have failed, and only an attempt that arrived changes that.
RECORD = """
with answered as (
    select *
    from unnest(%(tenants)s::uuid[], %(deliveries)s::uuid[], %(fences)s::uuid[], %(numbers)s::integer[],
                %(at)s::timestamptz[], %(milliseconds)s::integer[], %(statuses)s::smallint[], %(errors)s::text[],
                %(responses)s::text[], %(delivered)s::boolean[], %(next)s::timestamptz[])
         as a (tenant_id, id, fence, number, at, milliseconds, status, error, response, delivered, next_attempt_at)
),
recorded as (
    update deliveries as d
    set fence = null,
        attempts = a.number,
        state = case when a.delivered then 'delivered' when d.state = 'failed' or a.next_attempt_at is null then 'failed'
                else 'pending' end,
        next_attempt_at = case when d.state = 'pending' then a.next_attempt_at end,
        delivered_at = case when a.delivered then a.at end
    from answered as a
    where d.tenant_id = a.tenant_id and d.id = a.id and d.fence = a.fence
    returning a.*, d.endpoint_id, d.next_attempt_at as due_at
),
told as (
    insert into delivery_attempts (tenant_id, delivery_id, number, at, status, error, milliseconds, response)
    select tenant_id, id, number, at, status, error, milliseconds, response
    from recorded
)
insert into endpoint_queues (tenant_id, endpoint_id, due_at)
select tenant_id, endpoint_id, min(due_at)
from recorded
where due_at is not null
group by tenant_id, endpoint_id
order by tenant_id, endpoint_id
on conflict (tenant_id, endpoint_id) do update
set due_at = least(endpoint_queues.due_at, excluded.due_at)
"""
