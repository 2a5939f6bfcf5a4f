"""`/v1/events`: the feed."""

from typing import Any

import msgspec
from pydantic import Field

from twh_server.events import feed
from twh_server.events.feed import EventNotFound
from twh_server.events.kinds import Event
from twh_server.http.operation import Call, operation, shown
from twh_server.http.shapes import Query
from twh_server.journal.commands import Answer

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
WAIT_SECONDS_MAX = 30


class FeedQuery(Query):
    """Which stretch of the feed."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="The sequence number behind which to read.")
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


@operation(
    id="events.list",
    method="GET",
    path="/v1/events",
    scope="events:read",
    query=FeedQuery,
    answers={200: Feed},
    waits=True,
)
async def list_(call: Call[Any, FeedQuery]) -> Answer:
    """Read the feed: every event in the order of the commits, without gaps, as the bytes that webhooks carry."""
    query = call.query
    stretch = await feed.wait(
        call.rooms.database,
        call.rooms.bell,
        call.tenant,
        after=query.after,
        kinds=[kind for kind in (query.types or "").split(",") if kind],
        limit=query.limit,
        seconds=query.wait,
    )
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
