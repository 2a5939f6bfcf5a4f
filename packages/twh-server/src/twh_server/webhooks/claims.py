"""Who may send a delivery now: claims with a lease and a fence.

A claim moves `next_attempt_at` to the end of the lease and marks the delivery with a fence. As long as the lease runs,
nobody else finds the delivery due; when the claimer is never heard of again, it is due once more by itself. An attempt
is recorded only while its fence still stands, so whoever comes too late changes nothing.

Every endpoint has a queue that says when its next delivery is due. Claimers go from queue to queue, and a queue that
was served goes behind those that wait: an endpoint's deliveries, however many and however slow, hold up only its own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from twh_server.access.tenants import TenantKind
from twh_server.database.asking import as_json
from twh_server.database.engine import Connection
from twh_server.database.identifiers import DeliveryId, EndpointId, EventId, TenantId
from twh_server.events import forms
from twh_server.webhooks import health, lanes, queues
from twh_server.webhooks.health import Came
from twh_server.webhooks.lanes import Pending, Turn
from twh_server.webhooks.places import Places
from twh_server.webhooks.queues import Queue

LEASE_SECONDS = 30.0
"""Longer than an attempt can take, by more than the clocks of two hosts may differ."""
GONE = 410


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A delivery that is ours to send until the lease ends."""

    tenant: TenantId
    delivery: DeliveryId
    endpoint: EndpointId
    fence: UUID
    until: datetime
    """The lease's end."""
    prompt: bool
    """Which pool its place is of."""
    attempts: int
    """How many were made before."""
    tries: int
    """How many of them since it was last begun: a replay begins again."""
    event: EventId
    tenant_kind: TenantKind
    url: str
    sealed_secrets: Sequence[bytes]
    """Those that sign it: the endpoint's own, and for a while after a rotation the one before."""
    content_type: str
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
    hold_until: datetime | None = None
    """Until when the endpoint is to be sent nothing."""

    @property
    def gone(self) -> bool:
        """Whether the endpoint has said that it will never be there again."""
        return self.status == GONE

    @property
    def came(self) -> Came:
        """What it says of the endpoint."""
        return Came(
            tenant=self.claim.tenant,
            endpoint=self.claim.endpoint,
            at=self.at + timedelta(milliseconds=self.milliseconds),
            arrived=self.delivered,
            prompt=self.milliseconds <= health.PROMPT_SECONDS * 1_000,
            hold_until=self.hold_until,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What was claimed, and when at the latest it is worth to look again; None: when something is heard."""

    claims: Sequence[Claim]
    look_at: datetime | None


async def claim(tx: Connection, *, now: datetime, places: Places, lease_seconds: float = LEASE_SECONDS) -> Claimed:
    """Claim due deliveries: as many as there are places for, of each endpoint as many as it allows."""
    locked = await queues.lock(tx, now=now, prompt=places.prompt.look, patient=places.patient.look)
    if not locked:
        return Claimed(claims=[], look_at=None)
    shares = places.share(locked, now=now)
    turns = await _turns(tx, [queue for queue in locked if queue.ordering != "none"], shares, now)
    lease = now + timedelta(seconds=lease_seconds)
    claims = await _take(tx, locked, shares, turns, now=now, lease=lease, places=places)
    taken: defaultdict[UUID, int] = defaultdict(int)
    for one in claims:
        taken[one.endpoint] += 1
    settled = [
        queue.after(taken[queue.endpoint], now=now, lease=lease, idle_until=_idle_until(turns.get(queue.endpoint)))
        for queue in locked
        # Whoever could be sent more and had no share keeps its place in the line.
        if shares.get(queue.endpoint) or not queue.room(now)
    ]
    look_at = await queues.settle(tx, settled) if settled else None
    return Claimed(claims=claims, look_at=look_at)


async def record(tx: Connection, results: Sequence[Result]) -> None:
    """Record attempts whose fence still stands, and what follows from them for deliveries and their endpoints."""
    rows = [
        _Attempt(
            tenant_id=result.claim.tenant,
            id=result.claim.delivery,
            fence=result.claim.fence,
            at=result.at,
            milliseconds=result.milliseconds,
            status=result.status,
            error=result.error,
            response=result.response,
            delivered=result.delivered,
            next_attempt_at=result.next_attempt_at,
        )
        for result in results
    ]
    recorded = await tx.execute(RECORD, {"attempts": as_json(rows)})
    stood = set(await recorded.fetchall())
    await health.note(tx, (one.came for one in results if (one.claim.fence, one.claim.delivery) in stood))


class _Attempt(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: UUID
    id: UUID
    fence: UUID
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    response: str | None
    delivered: bool
    next_attempt_at: datetime | None


async def _turns(
    tx: Connection, ordered: Sequence[Queue], shares: Mapping[UUID, int], now: datetime
) -> Mapping[UUID, Turn]:
    """Of each endpoint that wants an order, whose turn it is."""
    if not ordered:
        return {}
    asked = {
        "tenants": [queue.tenant for queue in ordered],
        "endpoints": [queue.endpoint for queue in ordered],
        # Where all share one lane, nothing but the first can have its turn.
        "windows": [1 if queue.ordering == "endpoint" else lanes.WINDOW_DELIVERIES for queue in ordered],
    }
    pending: dict[UUID, list[Pending]] = {queue.endpoint: [] for queue in ordered}
    for endpoint, delivery, its_lanes, next_attempt_at in await (await tx.execute(PENDING, asked)).fetchall():
        pending[endpoint].append(Pending(delivery=delivery, lanes=its_lanes, next_attempt_at=next_attempt_at))
    return {
        endpoint: lanes.whose_turn(ones, room=shares.get(endpoint, 0), now=now) for endpoint, ones in pending.items()
    }


def _idle_until(turn: Turn | None) -> datetime | None:
    return turn.idle_until if turn else None


async def _take(
    tx: Connection,
    locked: Sequence[Queue],
    shares: Mapping[UUID, int],
    turns: Mapping[UUID, Turn],
    *,
    now: datetime,
    lease: datetime,
    places: Places,
) -> Sequence[Claim]:
    free = [queue for queue in locked if shares.get(queue.endpoint) and queue.ordering == "none"]
    chosen = [(queue.tenant, delivery) for queue in locked for delivery in _chosen(turns.get(queue.endpoint))]
    if not free and not chosen:
        return []
    fence = uuid4()
    asked = {
        "tenants": [queue.tenant for queue in free],
        "endpoints": [queue.endpoint for queue in free],
        "rooms": [shares[queue.endpoint] for queue in free],
        "tenants_chosen": [tenant for tenant, _ in chosen],
        "chosen": [delivery for _, delivery in chosen],
        "now": now,
        "lease": lease,
        "fence": fence,
    }
    rows = await (await tx.execute(TAKE, asked)).fetchall()
    known = {queue.endpoint: (queue, places.pool_of(queue) is places.prompt) for queue in locked}
    claims: list[Claim] = []
    for delivery, endpoint, attempts, tries, event, body in rows:
        queue, prompt = known[endpoint]
        claims.append(
            Claim(
                tenant=queue.tenant,
                delivery=delivery,
                endpoint=endpoint,
                fence=fence,
                until=lease,
                prompt=prompt,
                attempts=attempts,
                tries=tries,
                event=event,
                tenant_kind=queue.tenant_kind,
                url=queue.url,
                sealed_secrets=queue.sealed_secrets,
                content_type=forms.CONTENT_TYPES[queue.form],
                body=forms.body_of(body.encode(), tenant=queue.tenant, payload=queue.payload, form=queue.form),
            )
        )
    return claims


def _chosen(turn: Turn | None) -> Sequence[UUID]:
    return turn.deliveries if turn else ()


# What has a next attempt is pending: said like this, no other index serves than the one that has them in order.
PENDING = """
select q.endpoint_id, d.id, d.lanes, d.next_attempt_at
from unnest(%(tenants)s::uuid[], %(endpoints)s::uuid[], %(windows)s::integer[])
     as q (tenant_id, endpoint_id, deliveries)
cross join lateral (
    select id, lanes, next_attempt_at, sequence
    from deliveries
    where tenant_id = q.tenant_id and endpoint_id = q.endpoint_id and next_attempt_at is not null
    order by sequence
    limit q.deliveries
) as d
order by q.endpoint_id, d.sequence
"""

# How many are due in all is nothing that the planner can know. Of an array it expects little, and goes to each row by its
# key; of a query it expects very much, and would read all deliveries that there are.
TAKE = """
with first_due as (
    select d.tenant_id, d.id
    from unnest(%(tenants)s::uuid[], %(endpoints)s::uuid[], %(rooms)s::integer[]) as q (tenant_id, endpoint_id, room)
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
chosen as (
    select d.tenant_id, d.id
    from unnest(%(tenants_chosen)s::uuid[], %(chosen)s::uuid[]) as c (tenant_id, id)
    join deliveries as d on d.tenant_id = c.tenant_id and d.id = c.id
    where d.state = 'pending' and d.next_attempt_at <= %(now)s
    for update of d skip locked
),
due as (
    select tenant_id, id from first_due
    union all
    select tenant_id, id from chosen
),
taken as (
    update deliveries as d
    set next_attempt_at = %(lease)s, fence = %(fence)s
    from unnest((select array_agg(tenant_id) from due), (select array_agg(id) from due)) as c (tenant_id, id)
    where d.tenant_id = c.tenant_id and d.id = c.id
    returning d.tenant_id, d.id, d.endpoint_id, d.attempts, d.tries, d.event_id, d.sequence
)
select t.id, t.endpoint_id, t.attempts, t.tries, t.event_id, e.body
from taken as t
join events as e on e.tenant_id = t.tenant_id and e.sequence = t.sequence
order by t.sequence
"""

# An endpoint may have been deleted meanwhile: its deliveries have failed, and only an attempt that arrived changes that.
# Locked in one order, as by everybody who waits for several deliveries: such do not wait for each other.
RECORD = """
with answered as (
    select a.*
    from json_to_recordset(%(attempts)s::json)
         as a (tenant_id uuid, id uuid, fence uuid, at timestamptz, milliseconds integer, status smallint, error text,
               response text, delivered boolean, next_attempt_at timestamptz)
    join deliveries as d on d.tenant_id = a.tenant_id and d.id = a.id and d.fence = a.fence
    order by a.tenant_id, a.id
    for no key update of d
),
recorded as (
    update deliveries as d
    set fence = null,
        attempts = d.attempts + 1,
        tries = d.tries + 1,
        state = case when a.delivered then 'delivered' when d.state = 'failed' or a.next_attempt_at is null then 'failed'
                else 'pending' end,
        next_attempt_at = case when d.state = 'pending' then a.next_attempt_at end,
        delivered_at = case when a.delivered then a.at end
    from answered as a
    where d.tenant_id = a.tenant_id and d.id = a.id and d.fence = a.fence
    returning a.*, d.attempts as number
),
told as (
    insert into delivery_attempts (tenant_id, delivery_id, number, at, status, error, milliseconds, response)
    select tenant_id, id, number, at, status, error, milliseconds, response
    from recorded
)
select fence, id
from recorded
"""
