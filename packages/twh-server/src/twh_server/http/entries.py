"""`/v1/entries`: what happened to stock, and its mirror image."""

from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue.refusals import ItemArchived, LocationArchived
from twh_server.database.identifiers import ENTRY
from twh_server.http.movements import HistoryQuery, recorded
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.refusals import ScopeMissing
from twh_server.http.shapes import Body, Query, Time
from twh_server.journal.commands import Answer
from twh_server.ledger import history
from twh_server.ledger.entries import Entry
from twh_server.ledger.refusals import (
    EntryAlreadyReversed,
    EntryNotFound,
    EntryPredatesCount,
    InsufficientStock,
    InvalidEntry,
)
from twh_server.ledger.reverse import ReverseEntry


class Reversal(Body):
    """How an entry is to be reversed."""

    reason: str | None = Field(None, min_length=1, max_length=255)
    occurred_at: Time | None = None
    force: bool = Field(default=False, description="Take stock below zero. The key needs the scope stock:force.")


class EntryList(msgspec.Struct, frozen=True):
    """A page of entries."""

    data: list[Entry]
    next_cursor: str | None


@operation(
    id="entries.list",
    method="GET",
    path="/v1/entries",
    scope="stock:read",
    query=HistoryQuery,
    answers={200: EntryList},
)
async def list_(call: Call[Any, HistoryQuery]) -> Answer:
    """List entries with their movements, newest first unless asked otherwise."""
    query = call.query
    after = key_of(query.cursor, UUID)
    found = await history.list_entries(
        call.rooms.database, call.tenant, query.wanted(), after=after, limit=query.limit + 1
    )
    return shown(EntryList(*paged(found, query.limit, lambda entry: ENTRY.parse(entry.id))))


@operation(
    id="entries.get",
    method="GET",
    path="/v1/entries/{entry}",
    scope="stock:read",
    answers={200: Entry},
    refusals=(EntryNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read an entry with its movements, and the levels as it left them."""
    return shown(await history.get_entry(call.rooms.database, call.tenant, call.path["entry"]))


@operation(
    id="entries.reverse",
    method="POST",
    path="/v1/entries/{entry}/reverse",
    scope="stock:write",
    body=Reversal,
    answers={201: Entry},
    key="required",
    refusals=(
        EntryNotFound,
        EntryAlreadyReversed,
        InsufficientStock,
        InvalidEntry,
        EntryPredatesCount,
        ItemArchived,
        LocationArchived,
        ScopeMissing,
    ),
    example={"reason": "wrong bin"},
)
async def reverse(call: Call[Reversal, Query]) -> Answer:
    """Record the mirror image of an entry, once.

    History is never edited: the entry stays, and its reversal undoes what it did. A reversal can be reversed too.
    """
    body = call.body
    if body.force:
        call.require_scope("stock:force")
    command = ReverseEntry(
        entry=call.path["entry"],
        actor=call.actor,
        reason=body.reason,
        occurred_at=body.occurred_at,
        force=body.force,
    )
    return await call.submit(command, recorded)
