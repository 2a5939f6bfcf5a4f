"""`/v1/events`: the feed."""

from functools import partial
from typing import Any

import msgspec
from pydantic import Field

from twh_server.events import feed
from twh_server.events.feed import EventNotFound, EventsGone, Stretch
from twh_server.events.kinds import SEQUENCE_MAX, Event
from twh_server.http import event_stream
from twh_server.http.operation import Call, operation, shown
from twh_server.http.shapes import Query
from twh_server.http.streaming import Listener, Parts
from twh_server.journal.commands import Answer

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
WAIT_SECONDS_MAX = 30


class FeedQuery(Query):
    """Which stretch of the feed."""

    after: int | None = Field(
        None, ge=0, le=SEQUENCE_MAX, description="The sequence number behind which to read; left out, from the oldest."
    )
    types: str | None = Field(
        None, max_length=1_000, description="Only these types of events, separated by commas.", examples=["stock.low"]
    )
    limit: int = Field(PAGE_SIZE_DEFAULT, ge=1, le=PAGE_SIZE_MAX, description="How many at the most.")
    wait: int = Field(
        0, ge=0, le=WAIT_SECONDS_MAX, description="When there is nothing yet, wait for it this many seconds."
    )


class Feed(msgspec.Struct, frozen=True):
    """A stretch of the feed. Go on with `after` = `next_after`; `head` is the newest event that there is."""

    data: list[Event]
    next_after: int
    head: int


class _RawFeed(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    next_after: int
    head: int


async def _stream(call: Call[Any, FeedQuery], listener: Listener) -> Parts:
    after = call.query.after if listener.last_event_id is None else listener.last_event_id
    # Read before anything is answered: what is refused is refused with its status.
    begins = await _read(call, after, seconds=0)
    wait = partial(_read, call, seconds=feed.LOOK_SECONDS_MAX)
    return event_stream.told(begins, wait, call.rooms.bell, listener)


async def _read(call: Call[Any, FeedQuery], after: int | None, *, seconds: float) -> Stretch:
    query = call.query
    return await feed.wait(
        call.rooms.database,
        call.rooms.bell,
        call.tenant,
        after=after,
        kinds=[kind for kind in (query.types or "").split(",") if kind],
        limit=query.limit,
        seconds=seconds,
    )


@operation(
    id="events.list",
    method="GET",
    path="/v1/events",
    scope="events:read",
    query=FeedQuery,
    answers={200: Feed},
    refusals=(EventsGone,),
    waits=True,
    streams=_stream,
)
async def list_(call: Call[Any, FeedQuery]) -> Answer:
    """Read the feed: every event in the order of the commits, without gaps, as the bytes that webhooks carry.

    With `Accept: text/event-stream` it is told as it happens, as server-sent events: `id` is the number, `event` the type,
    `data` the exact bytes. After a break, `Last-Event-ID` goes before `after`. A stream ends after five minutes, and
    whoever comes back goes on where it ended.
    """
    stretch = await _read(call, call.query.after, seconds=call.query.wait)
    return shown(_RawFeed(feed.raw_list(stretch.bodies), stretch.next_after, stretch.head))


@operation(
    id="events.get",
    method="GET",
    path="/v1/events/{event}",
    scope="events:read",
    answers={200: Event},
    refusals=(EventNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read one event."""
    return Answer(status=200, body=await feed.get(call.rooms.database, call.tenant, call.path["event"]))
