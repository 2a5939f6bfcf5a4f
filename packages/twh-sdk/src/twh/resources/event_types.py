"""Event types: every kind of event, with its JSON Schema and an example."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.wire import query, segment


class EventTypes(Resource[DriverT_co]):
    @endpoint
    def get(self, event_type: str, *, options: Options | None = None) -> Call[models.EventType]:
        """One type: what it tells, since when, its `.json_schema` and an `.example`."""
        path = f"/v1/event-types/{segment(event_type)}"
        return Call(method="GET", path=path, returns=models.EventType, options=options)

    @listing
    def list(self, *, page_size: int | None = None, options: Options | None = None) -> Call[Page[models.EventType]]:
        """All types of events."""
        filters = query(limit=page_size)
        return Call(
            method="GET", path="/v1/event-types", returns=Page[models.EventType], query=filters, options=options
        )
