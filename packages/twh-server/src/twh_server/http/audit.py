"""`/v1/audit-log`: who changed what."""

from typing import Any

import msgspec
from pydantic import Field

from twh_server.events import feed
from twh_server.events.kinds import Event
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import PageQuery, Time
from twh_server.journal.commands import Answer
from twh_server.tenancy import audit
from twh_server.tenancy.audit import AuditFilter


class AuditQuery(PageQuery):
    """Which changes."""

    actor: str | None = Field(None, max_length=64, description="The id of the API key that made them.")
    kind: str | None = Field(None, max_length=64, description="The type of the event.", examples=["item.updated"])
    subject: str | None = Field(None, max_length=64, description="The id of what was changed.")
    since: Time | None = Field(None, description="At this time or later.")
    until: Time | None = Field(None, description="Before this time.")

    def wanted(self) -> AuditFilter:
        """The filter that these parameters are."""
        return AuditFilter(**self.model_dump(exclude={"limit", "cursor"}))


class AuditLog(msgspec.Struct, frozen=True):
    """A page of changes."""

    data: list[Event]
    next_cursor: str | None


class _RawAuditLog(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    next_cursor: str | None


@operation(
    id="audit_log.list",
    method="GET",
    path="/v1/audit-log",
    scope="audit:read",
    query=AuditQuery,
    answers={200: AuditLog},
)
async def list_(call: Call[Any, AuditQuery]) -> Answer:
    """List who changed what, newest first: items, locations, endpoints, keys, settings, and forced or reversed entries.

    Each is the very event that the feed told and a block sealed: `actor` is who, `subject` what, `previous` how it was.
    """
    query = call.query
    before = key_of(query.cursor, int)
    found = await audit.list_changes(
        call.rooms.database, call.tenant, query.wanted(), before=before, limit=query.limit + 1
    )
    page, cursor = paged(found, query.limit, lambda change: change[0])
    return shown(_RawAuditLog(feed.raw_list([body for _, body in page]), cursor))
