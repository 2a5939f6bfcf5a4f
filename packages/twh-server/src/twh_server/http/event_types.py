"""`/v1/event-types`: every kind of event, with its schema and an example."""

from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from twh_server.events.feed import EventTypeNotFound
from twh_server.events.kinds import KINDS, Event
from twh_server.http.event_schemas import carried_by, event_body, event_example
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.schemas import REF, outgoing
from twh_server.http.shapes import PageQuery, Query
from twh_server.journal.commands import Answer

SINCE = "0.1.0"
"""The release that told all of these first. A kind that is added names its own."""


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event: what it tells, and what an event of it looks like."""

    type: Annotated[str, Meta(description="Its name.", examples=["stock.low"])]
    description: Annotated[str, Meta(description="What it tells.", examples=[KINDS["stock.low"]])]
    since: Annotated[str, Meta(description="The release of TWH that told it first.", examples=[SINCE])]
    json_schema: Annotated[
        dict[str, Any], Meta(description="The JSON Schema (2020-12) of an event of it.", examples=[{"type": "object"}])
    ]
    example: Annotated[dict[str, Any], Meta(description="An event of it.", examples=[{"type": "stock.low"}])]


class EventTypeList(msgspec.Struct, frozen=True):
    """A page of types of events."""

    data: list[EventType]
    next_cursor: str | None


@operation(
    id="event_types.list",
    method="GET",
    path="/v1/event-types",
    scope="events:read",
    query=PageQuery,
    answers={200: EventTypeList},
)
async def list_(call: Call[Any, PageQuery]) -> Answer:
    """List the types of events, each with its schema and an example."""
    names = list(KINDS)
    after = key_of(call.query.cursor, str)
    begin = names.index(after) + 1 if after is not None and after in KINDS else 0
    found = names[begin : begin + call.query.limit + 1]
    page, cursor = paged(found, call.query.limit, lambda name: name)
    return shown(EventTypeList([event_type(name) for name in page], cursor))


@operation(
    id="event_types.get",
    method="GET",
    path="/v1/event-types/{event_type}",
    scope="events:read",
    answers={200: EventType},
    refusals=(EventTypeNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read one type of events."""
    name = call.path["event_type"]
    if name not in KINDS:
        raise EventTypeNotFound(name)
    return shown(event_type(name))


@cache
def event_type(kind: str) -> EventType:
    """A kind as the catalogue has it; its schema stands alone, with all that it refers to."""
    schemas = outgoing([Event, carried_by(kind)])
    alone = {"$schema": "https://json-schema.org/draft/2020-12/schema", **event_body(kind), "$defs": schemas}
    written = msgspec.json.encode(alone).replace(REF.format("").encode(), b"#/$defs/")
    return EventType(
        type=kind,
        description=KINDS[kind],
        since=SINCE,
        json_schema=msgspec.json.decode(written),
        example=event_example(kind, schemas),
    )
