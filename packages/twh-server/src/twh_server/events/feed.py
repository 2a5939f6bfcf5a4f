"""The feed: a tenant's events in the order of their commits, without gaps, as their exact bytes."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from twh_server.database.engine import Database
from twh_server.database.identifiers import EVENT, TenantId
from twh_server.events.bell import Bell
from twh_server.refusals import Refusal

LOOK_SECONDS_MAX = 1.0
"""Even without hearing the bell, a long poll looks this often."""


class EventNotFound(Refusal):
    """There is no such event.

    Check the id.
    """

    def __init__(self, event: str) -> None:
        super().__init__(f"No event has the id {event!r}.", event=event)


class EventsGone(Refusal):
    """Events behind this number were dropped.

    The tenant keeps its events for some days only (`event_days`). `first_sequence` is the oldest that there is: without
    `after`, reading begins there. What the dropped ones told of stock can still be read: entries, movements, levels.
    """

    def __init__(self, after: int, first_sequence: int) -> None:
        super().__init__(
            f"The events behind {after} were dropped up to {first_sequence - 1}, and would be missed.",
            after=after,
            first_sequence=first_sequence,
        )


class EventTypeNotFound(Refusal):
    """There is no such type of events.

    Check how it is written; `GET /v1/event-types` lists them all.
    """

    def __init__(self, event_type: str) -> None:
        super().__init__(f"There are no events of type {event_type!r}.", event_type=event_type)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A run of the feed: the events, where to go on, and how far the ledger is."""

    bodies: Sequence[bytes]
    next_after: int
    head: int


async def read(
    database: Database, tenant: TenantId, *, after: int | None, kinds: Sequence[str] = (), limit: int = 100
) -> Stretch:
    """The events behind a sequence number; with kinds, only those, but `next_after` moves past the others too.

    Without a number, from the oldest that there is. Raises EventsGone where some that lie behind it were dropped.
    """
    # Nothing lies below the oldest. Told by the statement, where to begin would be kept from the index by row security.
    parameters = {"tenant": tenant, "after": after or 0, "kinds": list(kinds), "limit": limit}
    rows = await database.read(tenant, READ, parameters)
    head: int = rows[0][0] if rows else 0
    first: int = rows[0][1] if rows else 1
    behind = first - 1 if after is None else after
    if behind < first - 1:
        raise EventsGone(behind, first)
    found = [(sequence, body) for *_, sequence, body in rows if sequence is not None]
    # A full page may have more behind it; a page that is not full has seen everything up to the head.
    next_after = found[-1][0] if len(found) == limit else max(behind, head)
    return Stretch(bodies=[body.encode() for _, body in found], next_after=next_after, head=head)


async def wait(
    database: Database,
    bell: Bell,
    tenant: TenantId,
    *,
    after: int | None,
    kinds: Sequence[str] = (),
    limit: int = 100,
    seconds: float = 0.0,
) -> Stretch:
    """Like `read`, but when there is nothing yet, wait for it up to some seconds. Raises EventsGone."""
    deadline = time.monotonic() + seconds
    with bell.listening(tenant) as heard:
        while True:
            heard.clear()
            stretch = await read(database, tenant, after=after, kinds=kinds, limit=limit)
            left = deadline - time.monotonic()
            if stretch.bodies or left <= 0 or bell.hushed:
                return stretch
            try:
                await asyncio.wait_for(heard.wait(), timeout=min(left, LOOK_SECONDS_MAX))
            except TimeoutError:
                continue


async def get(database: Database, tenant: TenantId, text: str) -> bytes:
    """The bytes of one event. Raises EventNotFound."""
    identifier = EVENT.parse(text)
    rows = await database.read(tenant, GET, {"tenant": tenant, "id": identifier})
    if not rows:
        raise EventNotFound(text)
    return str(rows[0][0]).encode()


def raw_list(bodies: Sequence[bytes]) -> list[msgspec.Raw]:
    """Stored bytes, ready to be put into an answer as they are."""
    return [msgspec.Raw(body) for body in bodies]


# One statement is one snapshot: the head that is told is the head up to which the events were looked for.
READ = """
select h.sequence, h.events_from, e.sequence, e.body
from ledger_heads as h
left join lateral (
    select sequence, body
    from events
    where tenant_id = %(tenant)s
      and sequence > %(after)s
      and (%(kinds)s::text[] = '{}' or kind = any (%(kinds)s::text[]))
    order by sequence
    limit %(limit)s
) as e on true
where h.tenant_id = %(tenant)s
order by e.sequence
"""

GET = """
select body
from events
where tenant_id = %(tenant)s and id = %(id)s
"""

# The times of events have no index, their ids have one: it leads to the number from which, and up to which, to look.
EARLIEST = """(
    select sequence
    from events
    where tenant_id = %(tenant)s and id >= %(since_id)s and recorded_at >= %(since)s
    order by id
    limit 1
) as earliest"""
LATEST = """(
    select sequence
    from events
    where tenant_id = %(tenant)s and id < %(until_id)s and recorded_at < %(until)s
    order by id desc
    limit 1
) as latest"""
