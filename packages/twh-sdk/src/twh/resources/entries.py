"""Entries: what happened. Nothing changes or deletes one; a mistake is answered by its mirror image."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import AnId, named
from twh.wire import NOT_GIVEN, NotGiven, given, instant_or_not, query, segment


class Entries(Resource[DriverT_co]):
    @endpoint
    def get(self, entry: str | AnId, *, options: Options | None = None) -> Call[models.Entry]:
        """One entry with its movements, and the levels as it left them."""
        return Call(method="GET", path=address(entry), returns=models.Entry, options=options)

    @listing
    def list(
        self,
        *,
        kind: str | None = None,
        reason: str | None = None,
        reference: str | None = None,
        occurred_from: datetime | str | None = None,
        occurred_until: datetime | str | None = None,
        recorded_from: datetime | str | None = None,
        recorded_until: datetime | str | None = None,
        after_sequence: int | None = None,
        order: Literal["asc", "desc"] | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Entry]]:
        """Entries by filter, the newest first unless `order="asc"`."""
        filters = query(
            kind=kind,
            reason=reason,
            reference=reference,
            occurred_from=occurred_from,
            occurred_until=occurred_until,
            recorded_from=recorded_from,
            recorded_until=recorded_until,
            after_sequence=after_sequence,
            order=order,
            limit=page_size,
        )
        return Call(method="GET", path="/v1/entries", returns=Page[models.Entry], query=filters, options=options)

    @endpoint
    def reverse(
        self,
        entry: str | AnId,
        *,
        reason: str | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        force: bool = False,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Record the mirror image of an entry, once."""
        body = given(reason=reason, occurred_at=instant_or_not(occurred_at))
        if force:
            body["force"] = True
        path = f"{address(entry)}/reverse"
        return Call(method="POST", path=path, returns=models.Entry, body=body, options=options)


def address(entry: str | AnId) -> str:
    return f"/v1/entries/{segment(named(entry))}"
