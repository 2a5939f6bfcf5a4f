"""The audit log: who changed what."""

from __future__ import annotations

from datetime import datetime

from twh import models
from twh.call import Call, DriverT_co, Resource
from twh.options import Options
from twh.pages import Page, listing
from twh.params import AnId, named_or_none
from twh.wire import query


class AuditLog(Resource[DriverT_co]):
    @listing
    def list(
        self,
        *,
        actor: str | AnId | None = None,
        kind: str | None = None,
        subject: str | AnId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Event]]:
        """What was changed, the newest first: events with `.actor` (who), `.subject` (what) and `.previous` (how it was).

        `actor` is an API key, `subject` an item, location, endpoint, key, entry or tenant; `until` is exclusive.
        """
        filters = query(
            actor=named_or_none(actor),
            kind=kind,
            subject=named_or_none(subject),
            since=since,
            until=until,
            limit=page_size,
        )
        return Call(method="GET", path="/v1/audit-log", returns=Page[models.Event], query=filters, options=options)
