"""Reading deliveries: what was sent where, how often it was tried, and what was answered.

A delivery whose attempts have run out is a dead letter: it has failed, and keeps all that was tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import (
    DELIVERY,
    ENDPOINT,
    EVENT,
    JOB,
    LAST,
    MINTED_AHEAD_MILLISECONDS,
    DeliveryId,
    EndpointId,
    EventId,
    JobId,
    TenantId,
    first_id,
)
from twh_server.database.select import Select
from twh_server.events.feed import EARLIEST, LATEST
from twh_server.events.kinds import SEQUENCE_MAX
from twh_server.webhooks.refusals import DeliveryNotFound

DeliveryState = Literal["pending", "delivered", "failed"]

DeliveryPlace = tuple[int, EndpointId]
"""Where a page of deliveries ends: (sequence, endpoint)."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    id: Annotated[str, Meta(examples=["dlv_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    endpoint: Annotated[str, Meta(description="The endpoint's id.", examples=["whe_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    event: Annotated[str, Meta(description="The event's id.", examples=["evt_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    event_type: Annotated[str, Meta(description="The event's kind.", examples=["entry.recorded"])]
    sequence: Annotated[int, Meta(description="The event's number.")]
    state: Annotated[
        DeliveryState,
        Meta(description="`pending` until it was `delivered`, or until its attempts ran out and it has `failed`."),
    ]
    attempts: Annotated[int, Meta(description="How many attempts were made.")]
    tries: Annotated[
        int, Meta(description="How many of them since it was last begun: a retry or a replay begins anew.")
    ] = 0
    replay: Annotated[str | None, Meta(description="The id of the replay that made it once more, if one did.")] = None
    next_attempt_at: Annotated[
        datetime | None,
        Meta(description="When it is tried next; while an attempt is under way, when that is given up."),
    ]
    delivered_at: datetime | None
    created_at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver."""

    number: int
    at: datetime
    status: Annotated[int | None, Meta(description="The HTTP status that was answered, if any was.")]
    error: Annotated[str | None, Meta(description="What went wrong, if there was no complete answer.")]
    milliseconds: Annotated[int, Meta(description="How long it took.")]
    response: Annotated[str | None, Meta(description="The beginning of the answer's body, up to 4 KiB.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryFilter:
    """Which deliveries are wanted; endpoints, events and replays by id, times of their events as [since, until)."""

    endpoint: str | None = None
    event: str | None = None
    state: DeliveryState | None = None
    kinds: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    replay: str | None = None


async def get_delivery(database: Database, tenant: TenantId, text: str) -> Delivery:
    """The delivery with an id. Raises DeliveryNotFound."""
    found = await database.read(tenant, ONE_DELIVERY, {"tenant": tenant, "id": DELIVERY.parse(text)})
    if not found:
        raise DeliveryNotFound(text)
    return _shown(found[0])


async def list_deliveries(
    database: Database, tenant: TenantId, wanted: DeliveryFilter, *, after: DeliveryPlace | None, limit: int
) -> Sequence[tuple[Delivery, DeliveryPlace]]:
    """A page of deliveries, those of the newest events first, each with its place. Unknown ids find nothing."""
    select = Select(LIST_DELIVERIES, tenant)
    sequence, endpoint = after or (SEQUENCE_MAX, LAST)
    select.where(BEHIND, after=sequence, after_endpoint=endpoint)
    if wanted.endpoint is not None:
        select.where("endpoint_id = %(endpoint)s", endpoint=ENDPOINT.parse(wanted.endpoint))
    if wanted.event is not None:
        select.where(OF_EVENT, event=EVENT.parse(wanted.event))
    if wanted.state is not None:
        # Spelled out, so that the planner sees that the index over one state serves.
        select.where(STATES[wanted.state])
    if wanted.kinds:
        select.where("event_kind = any (%(kinds)s)", kinds=list(wanted.kinds))
    if wanted.replay is not None:
        select.where("replay_id = %(replay)s", replay=JOB.parse(wanted.replay))
    if wanted.since is not None:
        select.where(SINCE, since=wanted.since, since_id=first_id(wanted.since))
    if wanted.until is not None:
        until_id = first_id(wanted.until, later=MINTED_AHEAD_MILLISECONDS)
        select.where(UNTIL, until=wanted.until, until_id=until_id)
    rows = await select.rows(database, PAGE, limit=limit)
    return [(_shown(row), (row[4], row[1])) for row in rows]


async def find_deliveries(database: Database, tenant: TenantId, texts: Sequence[str]) -> dict[str, int]:
    """Those of some deliveries that there are: id → the number of its event."""
    ids = [identifier for text in texts if (identifier := DELIVERY.parse(text))]
    rows = await database.read(tenant, FIND_DELIVERIES, {"tenant": tenant, "ids": ids})
    return {DELIVERY.text(identifier): sequence for identifier, sequence in rows}


async def list_attempts(
    database: Database, tenant: TenantId, text: str, *, after: int = 0, limit: int = 200
) -> Sequence[Attempt]:
    """The attempts of a delivery behind a number, first to last. Raises DeliveryNotFound."""
    parameters = {"tenant": tenant, "id": DELIVERY.parse(text), "after": after, "limit": limit}
    rows = await database.read(tenant, LIST_ATTEMPTS, parameters)
    if not rows:
        raise DeliveryNotFound(text)
    return [
        Attempt(number=number, at=at, status=status, error=error, milliseconds=milliseconds, response=response)
        for number, at, status, error, milliseconds, response in rows
        if number is not None
    ]


def _shown(row: Row) -> Delivery:
    delivery_id, endpoint_id, event_id, event_kind, sequence, state, attempts, tries, replay_id, *times = row
    next_attempt_at, delivered, created = times
    return Delivery(
        id=DELIVERY.text(DeliveryId(delivery_id)),
        endpoint=ENDPOINT.text(EndpointId(endpoint_id)),
        event=EVENT.text(EventId(event_id)),
        event_type=event_kind,
        sequence=sequence,
        state=state,
        attempts=attempts,
        tries=tries,
        replay=None if replay_id is None else JOB.text(JobId(replay_id)),
        next_attempt_at=next_attempt_at,
        delivered_at=delivered,
        created_at=created,
    )


COLUMNS = (
    "id, endpoint_id, event_id, event_kind, sequence, state, attempts, tries, replay_id, next_attempt_at, delivered_at,"
    " created_at"
)

ONE_DELIVERY = f"""
select {COLUMNS}
from deliveries
where tenant_id = %(tenant)s and id = %(id)s
"""

FIND_DELIVERIES = """
select d.id, d.sequence
from unnest(%(ids)s::uuid[]) as wanted (id)
cross join lateral (
    select id, sequence
    from deliveries
    where tenant_id = %(tenant)s and id = wanted.id
    limit 1
) as d
"""

LIST_ATTEMPTS = """
select a.number, a.at, a.status, a.error, a.milliseconds, a.response
from deliveries as d
left join delivery_attempts as a on a.tenant_id = d.tenant_id and a.delivery_id = d.id and a.number > %(after)s
where d.tenant_id = %(tenant)s and d.id = %(id)s
order by a.number
limit %(limit)s
"""

LIST_DELIVERIES = f"""
select {COLUMNS}
from deliveries
where tenant_id = %(tenant)s
"""

STATES: dict[DeliveryState, str] = {
    "pending": "state = 'pending'",
    "delivered": "state = 'delivered'",
    "failed": "state = 'failed'",
}

OF_EVENT = """sequence = (
    select sequence
    from events
    where tenant_id = %(tenant)s and id = %(event)s
)"""

SINCE = f"sequence >= (select coalesce(min(sequence), {SEQUENCE_MAX}) from {EARLIEST})"

UNTIL = f"sequence <= (select coalesce(max(sequence), 0) from {LATEST})"

BEHIND = "(sequence, endpoint_id) < (%(after)s, %(after_endpoint)s)"

PAGE = """
order by sequence desc, endpoint_id desc
limit %(limit)s
"""
