"""Queues: when each endpoint is due, how much it may be sent now, and how it is doing.

Whoever holds the row of a queue decides for its endpoint alone, so that what an endpoint allows is allowed once, however
many processes there are. What is under way is what has a fence whose lease runs; the tokens of a rate lie in the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from twh_server.access.tenants import TenantKind
from twh_server.database.asking import as_json
from twh_server.database.engine import Connection, Row
from twh_server.database.identifiers import EndpointId, TenantId
from twh_server.events.forms import Form, Payload

CONCURRENCY_DEFAULT = 32
"""How many attempts an endpoint has under way at most, in all processes together, unless it says otherwise."""
CONCURRENCY_UNPROVEN = 1
"""How many, as long as its last attempt did not arrive."""
TOKENS_LATE = timedelta(milliseconds=1)
"""A token is looked for a moment later than it is there: times are rounded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """An endpoint's queue whose row we hold, with what there is to know of the endpoint."""

    tenant: TenantId
    endpoint: EndpointId
    proven: bool
    prompt: bool
    held_until: datetime | None
    tokens: float
    filled_at: datetime | None
    tenant_kind: TenantKind
    enabled: bool
    url: str
    sealed_secrets: Sequence[bytes]
    """Those that sign: the endpoint's own, and for a while after a rotation the one before."""
    payload: Payload
    form: Form
    ordering: str
    rate_per_second: int | None
    concurrency: int
    under_way: int
    leased_until: datetime | None
    """When the first of what is under way is given up."""

    def room(self, now: datetime) -> int:
        """How many attempts may be begun now."""
        if not self.enabled or (self.held_until is not None and self.held_until > now):
            return 0
        room = self._most - self.under_way
        if self.rate_per_second is not None:
            room = min(room, int(self._tokens_at(now)))
        return max(0, room)

    def after(self, taken: int, *, now: datetime, lease: datetime, idle_until: datetime | None = None) -> "Settled":
        """The queue when so many were begun: not due again before it may be sent more, nor before `idle_until`."""
        waits = [now, *(until for until in (self.held_until, idle_until) if until is not None)]
        if taken + self.under_way >= self._most:
            waits.append(min(self.leased_until or lease, lease))
        tokens = self._tokens_at(now) - taken
        if self.rate_per_second is not None and tokens < 1:
            waits.append(now + timedelta(seconds=(1 - tokens) / self.rate_per_second) + TOKENS_LATE)
        return Settled(
            tenant_id=self.tenant,
            endpoint_id=self.endpoint,
            enabled=self.enabled,
            not_before=max(waits),
            tokens=tokens if self.rate_per_second is not None else 0.0,
            filled_at=now if self.rate_per_second is not None else None,
        )

    @property
    def _most(self) -> int:
        return self.concurrency if self.proven else CONCURRENCY_UNPROVEN

    def _tokens_at(self, now: datetime) -> float:
        """A bucket holds what one second gives, and is full at first."""
        rate = float(self.rate_per_second or 0)
        if self.filled_at is None:
            return rate
        return min(rate, self.tokens + rate * max(0.0, (now - self.filled_at).total_seconds()))


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What is written to a queue at the end of a claim."""

    tenant_id: UUID
    endpoint_id: UUID
    enabled: bool
    not_before: datetime
    tokens: float
    filled_at: datetime | None


async def lock(tx: Connection, *, now: datetime, prompt: int, patient: int) -> Sequence[Queue]:
    """Queues that are due and that nobody else holds, so many of either pool, whoever waits longest first."""
    asked = {"now": now, "prompt": prompt, "patient": patient}
    # A statement of its own: those after it see what the locks' previous holders committed.
    locked = await (await tx.execute(LOCK_QUEUES, asked)).fetchall()
    if not locked:
        return []
    whose: Mapping[str, object] = {
        "tenants": [row[0] for row in locked],
        "endpoints": [row[1] for row in locked],
        "now": now,
        "concurrency": CONCURRENCY_DEFAULT,
    }
    known = {(row[0], row[1]): row for row in await (await tx.execute(READ_ENDPOINTS, whose)).fetchall()}
    return [_queue(row, known[row[0], row[1]]) for row in locked]


async def settle(tx: Connection, settled: Sequence[Settled]) -> datetime | None:
    """Write when queues are due again; answers the soonest of these times."""
    due = await (await tx.execute(SETTLE, {"settled": as_json(settled)})).fetchall()
    return min((at for (at,) in due if at is not None), default=None)


def _queue(locked: Row, known: Row) -> Queue:
    tenant, endpoint, proven, prompt, held_until, tokens, filled_at = locked
    _, _, tenant_kind, enabled, url, secret, previous, *chosen, under_way, leased_until = known
    payload, form, ordering, rate, concurrency = chosen
    return Queue(
        tenant=tenant,
        endpoint=endpoint,
        proven=proven,
        prompt=prompt,
        held_until=held_until,
        tokens=tokens,
        filled_at=filled_at,
        tenant_kind=tenant_kind,
        enabled=enabled,
        url=url,
        sealed_secrets=[sealed for sealed in (secret, previous) if sealed is not None],
        payload=payload,
        form=form,
        ordering=ordering,
        rate_per_second=rate,
        concurrency=concurrency,
        under_way=under_way,
        leased_until=leased_until,
    )


LOCK_QUEUES = """
with quick as (
    select *
    from endpoint_queues
    where prompt and due_at <= %(now)s
    order by due_at
    limit %(prompt)s
    for update skip locked
),
others as (
    select *
    from endpoint_queues
    where not prompt and due_at <= %(now)s
    order by due_at
    limit %(patient)s
    for update skip locked
)
select tenant_id, endpoint_id, proven, prompt, held_until, tokens, filled_at from quick
union all
select tenant_id, endpoint_id, proven, prompt, held_until, tokens, filled_at from others
"""

READ_ENDPOINTS = """
select w.tenant_id, w.id, n.kind, w.enabled, w.url, w.sealed_secret,
       case when w.previous_until > %(now)s then w.sealed_previous end,
       w.payload, w.form, w.ordering, w.rate_per_second, coalesce(w.concurrency, %(concurrency)s), u.under_way, u.leased_until
from unnest(%(tenants)s::uuid[], %(endpoints)s::uuid[]) as q (tenant_id, endpoint_id)
join webhook_endpoints as w on w.tenant_id = q.tenant_id and w.id = q.endpoint_id
join tenants as n on n.id = q.tenant_id
cross join lateral (
    select count(*)::integer as under_way, min(next_attempt_at) as leased_until
    from deliveries
    where tenant_id = q.tenant_id
      and endpoint_id = q.endpoint_id
      and fence is not null
      and next_attempt_at > %(now)s
) as u
"""

# Not earlier than said: a queue that has more goes behind the queues that were due before. A paused one waits for nothing.
SETTLE = """
update endpoint_queues as q
set due_at = case when s.enabled then (
        select greatest(d.next_attempt_at, s.not_before)
        from deliveries as d
        where d.tenant_id = s.tenant_id and d.endpoint_id = s.endpoint_id and d.state = 'pending'
        order by d.next_attempt_at
        limit 1
    ) end,
    tokens = s.tokens,
    filled_at = s.filled_at
from json_to_recordset(%(settled)s::json)
     as s (tenant_id uuid, endpoint_id uuid, enabled boolean, not_before timestamptz, tokens double precision,
           filled_at timestamptz)
where q.tenant_id = s.tenant_id and q.endpoint_id = s.endpoint_id
returning q.due_at
"""
