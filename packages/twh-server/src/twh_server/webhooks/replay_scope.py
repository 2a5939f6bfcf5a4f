"""What a replay is about: a window of the feed, and which deliveries of it are made once more; counted, and as a statement."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from twh_server.database.engine import Connection, Database, constant
from twh_server.database.identifiers import (
    FIRST,
    LAST,
    MINTED_AHEAD_MILLISECONDS,
    DeliveryId,
    EndpointId,
    TenantId,
    first_id,
)
from twh_server.events.feed import EARLIEST, LATEST
from twh_server.events.follow import Run
from twh_server.webhooks.fan_out import KIND_IS_WANTED
from twh_server.webhooks.particular import judge, particular
from twh_server.webhooks.wishes import Wishes

STRETCH_EVENTS = 2_000
"""So many events are looked at at once, where few of them are wanted."""
JUDGED_MAX = 1_000_000
"""So many events, one for each endpoint, one replay looks at; dead letters are found without looking at events."""

Which = Literal["all", "failed", "unacknowledged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What part of the feed is meant: times as [since, until), numbers with both ends."""

    since: datetime | None = None
    until: datetime | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A part of the feed by numbers, as far as the feed has come; empty when the last is before the first."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which deliveries a replay is about."""

    which: Which
    stretch: Stretch
    endpoint: EndpointId | None = None
    kinds: Sequence[str] = ()
    deliveries: Sequence[DeliveryId] | None = None

    @property
    def is_of_events(self) -> bool:
        """Whether it is about events, also those for which there is no delivery."""
        return self.deliveries is None and self.which != "failed"

    def values(self, tenant: UUID, now: datetime) -> dict[str, Any]:
        """What the statements below are given."""
        return {
            "tenant": tenant,
            "now": now,
            "endpoint": self.endpoint,
            "kinds": list(self.kinds),
            "deliveries": list(self.deliveries or ()),
            "first": self.stretch.first,
            "last": self.stretch.last,
        }


async def stretch_of(database: Database, tenant: TenantId, window: Window) -> Stretch:
    """The numbers of a window's first and last event; what has not happened yet is in no window."""
    since, until = window.since, window.until
    parameters = {
        "tenant": tenant,
        "since": since,
        "since_id": FIRST if since is None else first_id(since),
        "until": until,
        "until_id": LAST if until is None else first_id(until, later=MINTED_AHEAD_MILLISECONDS),
    }
    ((head, first, last),) = await database.read(tenant, STRETCH, parameters)
    return Stretch(
        first=max(window.first_sequence or 1, first if since is not None else 1),
        last=min(head if window.last_sequence is None else window.last_sequence, head, last if until else head),
    )


async def count(database: Database, tenant: TenantId, scope: Scope) -> int:
    """How many deliveries would be made once more."""
    counting, values = constant("select count(*)" + statement_of(scope)), scope.values(tenant, datetime.now(UTC))
    async with database.snapshot(tenant) as connection:
        ((total,),) = await (await connection.execute(counting, values, prepare=False)).fetchall()
        return int(total) - (await _unwanted(connection, tenant, scope, values) if scope.is_of_events else 0)


async def wishes_of(tx: Connection, tenant: UUID, endpoints: Container[UUID] | None = None) -> Sequence[Wishes]:
    """What particular endpoints want (those among some, or all), also of what was before them."""
    found = await particular(tx, tenant)
    return [replace(one, since_sequence=0) for one in found if endpoints is None or one.endpoint in endpoints]


async def _unwanted(connection: Connection, tenant: TenantId, scope: Scope, values: Mapping[str, Any]) -> int:
    """How many of the deliveries that would be made are of events that their particular endpoint does not want."""
    wishes = await wishes_of(connection, tenant, (scope.endpoint,) if scope.endpoint else None)
    if not wishes:
        return 0
    asked, unwanted = {**values, "particular": [one.endpoint for one in wishes]}, 0
    for first in range(scope.stretch.first, scope.stretch.last + 1, STRETCH_EVENTS):
        run = Run(tenant=tenant, first=first, last=min(first + STRETCH_EVENTS - 1, scope.stretch.last))
        stretch = {**asked, "first": run.first, "last": run.last}
        missing = await (await connection.execute(constant(MISSING), stretch, prepare=False)).fetchall()
        if missing:
            wanted = {(one.endpoint_id, one.sequence) for one in await judge(connection, wishes, run)}
            unwanted += sum(place not in wanted for place in missing)
    return unwanted


async def count_endpoints(database: Database, tenant: TenantId) -> int:
    """How many endpoints a replay of every endpoint is for."""
    return int((await database.read(tenant, COUNT_ENDPOINTS, {"tenant": tenant}))[0][0])


def statement_of(scope: Scope) -> str:
    """Which deliveries are made once more: a statement from its `from` on, without an order."""
    return NAMED if scope.deliveries is not None else CHOSEN[scope.which]


COUNT_ENDPOINTS = """
select count(*)
from webhook_endpoints
where tenant_id = %(tenant)s and deleted_at is null
"""

STRETCH = f"""
select h.sequence,
       (select coalesce(min(sequence), h.sequence + 1) from {EARLIEST}),
       (select coalesce(max(sequence), 0) from {LATEST})
from ledger_heads as h
where h.tenant_id = %(tenant)s
"""

BEGINS_AGAIN: Final = "(d.state <> 'pending' or (d.fence is null and d.next_attempt_at > %(now)s))"
"""What waits for its next attempt is made now; what is due or under way arrives as it is."""

NAMED = f"""
from unnest(%(deliveries)s::uuid[]) as named (id)
cross join lateral (
    select id, endpoint_id, sequence, event_id, event_kind, state, fence, next_attempt_at
    from deliveries
    where tenant_id = %(tenant)s and id = named.id
    limit 1
) as d
join webhook_endpoints as w on w.tenant_id = %(tenant)s and w.id = d.endpoint_id and w.deleted_at is null
where {BEGINS_AGAIN}
"""

FAILED = """
from deliveries as d
join webhook_endpoints as w on w.tenant_id = d.tenant_id and w.id = d.endpoint_id and w.deleted_at is null
where d.tenant_id = %(tenant)s
  and d.state = 'failed'
  and d.sequence between %(first)s and %(last)s
  and (%(endpoint)s::uuid is null or d.endpoint_id = %(endpoint)s)
  and (%(kinds)s::text[] = '{}' or d.event_kind = any (%(kinds)s::text[]))
"""

# In their order, events are read by the index of their numbers and no other.
_OF_EVENTS = f"""
from webhook_endpoints as w
cross join lateral (
    select sequence, id, kind
    from events
    where tenant_id = %(tenant)s and sequence between %(first)s and %(last)s
    order by sequence
) as e
left join lateral (
    select id, state, fence, next_attempt_at
    from deliveries
    where tenant_id = %(tenant)s and endpoint_id = w.id and sequence = e.sequence
    limit 1
) as d on true
where w.tenant_id = %(tenant)s
  and w.deleted_at is null
  and (%(endpoint)s::uuid is null or w.id = %(endpoint)s)
  and {KIND_IS_WANTED}
  and (%(kinds)s::text[] = '{{}}' or e.kind = any (%(kinds)s::text[]))
"""

MISSING = f"select w.id, e.sequence{_OF_EVENTS}  and d.id is null and w.id = any (%(particular)s::uuid[])\n"

CHOSEN: dict[Which, str] = {
    "all": f"{_OF_EVENTS}  and (d.id is null or {BEGINS_AGAIN})\n",
    "failed": FAILED,
    "unacknowledged": f"{_OF_EVENTS}  and (d.id is null or d.state = 'failed')\n",
}
