"""Replays: deliveries that are to be made once more, as a job that is started, cancelled, resumed and finished.

A replay is a stretch of the feed and who is to be sent what of it. Starting one decides nothing about single deliveries:
the worker queues them, a few hundred at a time (`replaying`), and says in the replay's row how far it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import (
    DELIVERY,
    ENDPOINT,
    FIRST,
    JOB,
    LAST,
    MINTED_AHEAD_MILLISECONDS,
    DeliveryId,
    EndpointId,
    JobId,
    TenantId,
    first_id,
)
from twh_server.database.select import Select
from twh_server.journal.commands import Facts, Index, Read
from twh_server.webhooks.refusals import ReplayNotFound

JUDGED_MAX = 1_000_000
"""So many events, one for each endpoint, one replay looks at; dead letters are found without looking at events."""

Which = Literal["all", "failed", "unacknowledged"]
ReplayState = Literal["running", "cancelled", "finished"]


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that are made once more, with the same `webhook-id`."""

    id: Annotated[str, Meta(description="The replay's id.", examples=["job_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    state: Annotated[
        ReplayState,
        Meta(
            description="`running` until everything was queued and nothing of it is pending, then `finished`; `cancelled`"
            " queues nothing more."
        ),
    ]
    which: Annotated[Which, Meta(description="Which deliveries of the stretch.", examples=["failed"])]
    endpoint: Annotated[str | None, Meta(description="The endpoint's id; null for every endpoint.")]
    types: Annotated[list[str], Meta(description="Only these kinds of events; empty: all.", examples=[["stock.low"]])]
    deliveries: Annotated[
        list[str] | None,
        Meta(
            description="The deliveries that were named; null where a stretch of the feed was.",
            examples=[["dlv_01kaqgn4e3f0dvm63vkxhkqk8d"]],
        ),
    ]
    first_sequence: Annotated[int, Meta(description="The number of the first event of the stretch.")]
    last_sequence: Annotated[int, Meta(description="The number of the last event of the stretch.", examples=[129])]
    rate_per_second: Annotated[int | None, Meta(description="So many are queued in a second; null: as many as go.")]
    position: Annotated[int, Meta(description="Up to this event, all is queued.")]
    total: Annotated[int, Meta(description="How many deliveries it was about when it was started.", examples=[3])]
    queued: Annotated[int, Meta(description="How many it has begun anew.", examples=[3])]
    delivered: Annotated[int, Meta(description="How many of them have left the queue again as delivered.")]
    failed: Annotated[int, Meta(description="How many of them were given up.", examples=[0])]
    created_at: datetime
    finished_at: Annotated[datetime | None, Meta(description="When it was finished.")]


class ReplayRow(msgspec.Struct, frozen=True, kw_only=True):
    """A replay as the database has it."""

    id: JobId
    endpoint_id: EndpointId | None
    which: Which
    kinds: list[str]
    deliveries: list[DeliveryId] | None
    first_sequence: int
    last_sequence: int
    rate_per_second: int | None
    state: ReplayState
    position: int
    within: UUID
    """The endpoint up to which the event behind `position` is queued."""
    total: int
    queued: int
    delivered: int
    failed: int
    created_at: datetime
    finished_at: datetime | None

    def shown(self) -> Replay:
        """The replay as the outside sees it."""
        named = None if self.deliveries is None else [DELIVERY.text(DeliveryId(one)) for one in self.deliveries]
        return Replay(
            id=JOB.text(self.id),
            state=self.state,
            which=self.which,
            endpoint=None if self.endpoint_id is None else ENDPOINT.text(self.endpoint_id),
            types=self.kinds,
            deliveries=named,
            first_sequence=self.first_sequence,
            last_sequence=self.last_sequence,
            rate_per_second=self.rate_per_second,
            position=self.position,
            total=self.total,
            queued=self.queued,
            delivered=self.delivered,
            failed=self.failed,
            created_at=self.created_at,
            finished_at=self.finished_at,
        )


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
    counting = "select count(*)" + statement_of(scope)
    return int((await database.read(tenant, counting, scope.values(tenant, datetime.now(UTC))))[0][0])


async def count_endpoints(database: Database, tenant: TenantId) -> int:
    """How many endpoints a replay of every endpoint is for."""
    return int((await database.read(tenant, COUNT_ENDPOINTS, {"tenant": tenant}))[0][0])


async def get_replay(database: Database, tenant: TenantId, text: str) -> Replay:
    """The replay with an id. Raises ReplayNotFound."""
    found = await database.read(tenant, ONE_REPLAY, {"tenant": tenant, "id": JOB.parse(text)})
    if not found:
        raise ReplayNotFound(text)
    return replay_of(found[0]).shown()


async def list_replays(
    database: Database, tenant: TenantId, *, state: ReplayState | None, after: UUID | None, limit: int
) -> Sequence[ReplayRow]:
    """A page of replays, the newest first, behind the replay `after`."""
    select = Select(LIST_REPLAYS, tenant).where("id < %(after)s", after=after or LAST)
    select.given("state = %(state)s", state=state)
    return [replay_of(row) for row in await select.rows(database, PAGE, limit=limit)]


def replay_of(row: Row) -> ReplayRow:
    """A replay from a row of `COLUMNS`."""
    return ReplayRow(**dict(zip(ReplayRow.__struct_fields__, row, strict=True)))


def find(facts: Facts, text: str) -> ReplayRow:
    """The replay that an id refers to. Raises ReplayNotFound."""
    identifier = JOB.parse(text)
    replay = facts.of(REPLAY_BY_ID).get(identifier) if identifier else None
    if replay is None:
        raise ReplayNotFound(text)
    return replay


def statement_of(scope: Scope) -> str:
    """Which deliveries are made once more: a statement from its `from` on, without an order."""
    return NAMED if scope.deliveries is not None else CHOSEN[scope.which]


COLUMNS = (
    "id, endpoint_id, which, kinds, deliveries, first_sequence, last_sequence, rate_per_second, state, position, within,"
    " total, queued, delivered, failed, created_at, finished_at"
)

REPLAY_BY_ID: Index[UUID, ReplayRow] = Index("replays by id")
REPLAYS_COUNTED: Index[None, int] = Index("how many replays are running")


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    replays = map(replay_of, rows)
    facts.of(REPLAY_BY_ID).update({replay.id: replay for replay in replays})


def _enter_count(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(REPLAYS_COUNTED)[None] = rows[0][0]


# Locked, so that the worker does not move it on while it is decided about; it looks at another one meanwhile.
REPLAYS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid)
cross join lateral (
    select {COLUMNS}
    from replays
    where tenant_id = %(tenant)s and id = wanted.id
    limit 1
    for no key update
) as found
""",
    enter=_enter,
)

# Each was created some time: said like this, no other index serves than the one that has those alone that are running.
COUNT_RUNNING = Read(
    sql="""
select count(*)
from replays
where tenant_id = %(tenant)s and state = 'running' and created_at > '-infinity'
""",
    enter=_enter_count,
)

COUNT_ENDPOINTS = """
select count(*)
from webhook_endpoints
where tenant_id = %(tenant)s and deleted_at is null
"""

ONE_REPLAY = f"""
select {COLUMNS}
from replays
where tenant_id = %(tenant)s and id = %(id)s
"""

LIST_REPLAYS = f"""
select {COLUMNS}
from replays
where tenant_id = %(tenant)s
"""

PAGE = """
order by id desc
limit %(limit)s
"""

# Ids grow with time and have an index, times have none: they lead to the first and the last number to look at.
STRETCH = """
select h.sequence,
    (
        select coalesce(min(sequence), h.sequence + 1)
        from (
            select sequence
            from events
            where tenant_id = %(tenant)s and id >= %(since_id)s and recorded_at >= %(since)s
            order by id
            limit 1
        ) as earliest
    ),
    (
        select coalesce(max(sequence), 0)
        from (
            select sequence
            from events
            where tenant_id = %(tenant)s and id < %(until_id)s and recorded_at < %(until)s
            order by id desc
            limit 1
        ) as latest
    )
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
_OF_EVENTS = """
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
  and (w.kinds = '{}' or e.kind = any (w.kinds))
  and (%(kinds)s::text[] = '{}' or e.kind = any (%(kinds)s::text[]))
"""

CHOSEN: dict[Which, str] = {
    "all": f"{_OF_EVENTS}  and (d.id is null or {BEGINS_AGAIN})\n",
    "failed": FAILED,
    "unacknowledged": f"{_OF_EVENTS}  and (d.id is null or d.state = 'failed')\n",
}
