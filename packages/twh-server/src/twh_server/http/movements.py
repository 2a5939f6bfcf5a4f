"""`/v1/movements`: recording stock, and every single change of it."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue.refusals import ItemArchived, LocationArchived
from twh_server.database.identifiers import MOVEMENT
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.refusals import ScopeMissing
from twh_server.http.shapes import Body, DecimalText, PageQuery, Query, Ref, Time
from twh_server.journal.commands import Answer
from twh_server.ledger import history
from twh_server.ledger.entries import Entry, MovementRow, Reference
from twh_server.ledger.history import HistoryFilter
from twh_server.ledger.lines import SIGNS, Line
from twh_server.ledger.record import RecordEntry
from twh_server.ledger.refusals import (
    CountIsBackdated,
    EntryPredatesCount,
    InsufficientStock,
    InvalidEntry,
    MovementNotFound,
    StaleQuantity,
)

LINES_READ_MAX = 10_000
"""More lines than an entry may have are read, so that the answer can say how many there may be."""

EXAMPLE = {
    "kind": "adjustment",
    "reason": "damaged",
    "reference": {"type": "rma", "id": "RA-19"},
    "lines": [{"item": "TSHIRT-M", "location": "MAIN", "quantity": "-2", "expected": {"on_hand": "10"}}],
}


class NewReference(Body):
    """What an entry belongs to in your own books."""

    type: str = Field(min_length=1, max_length=64, examples=["order"])
    id: str = Field(min_length=1, max_length=255, examples=["PO-77"])


class Expected(Body):
    """What you believe the level to be; the entry is refused when it is not."""

    on_hand: DecimalText | None = None
    version: int | None = Field(None, ge=0)


class NewLine(Body):
    """One line: an item, where it is (a transfer: from where to where), and how much."""

    item: Ref = Field(description="The item's id or SKU.")
    quantity: DecimalText = Field(
        description="Positive: the kind carries the sign. An adjustment's may be negative; a count's is what was counted."
    )
    pack: str | None = Field(
        None, min_length=1, max_length=64, description="The quantity is of the item's packs of this name."
    )
    location: Ref | None = Field(None, description="The location's id or code; for every kind but a transfer.")
    source: Ref | None = Field(None, description="A transfer: from where.")
    target: Ref | None = Field(None, description="A transfer: to where.")
    expected: Expected | None = None


class NewEntry(Body):
    """Something that happened to stock: 1 to 1,000 lines, all or nothing."""

    kind: str = Field(max_length=32, description=f"One of {', '.join(SIGNS)}.")
    lines: list[NewLine] = Field(max_length=LINES_READ_MAX)
    reason: str | None = Field(None, min_length=1, max_length=255, description="Why; an adjustment needs one.")
    reference: NewReference | None = None
    occurred_at: Time | None = Field(None, description="When it happened; now, when left out.")
    force: bool = Field(
        default=False, description="Take stock below zero, on the record. The key needs the scope stock:force."
    )
    record_unchanged: bool = Field(default=False, description="A count: record also what was found unchanged.")


class HistoryQuery(PageQuery):
    """Which part of history."""

    kind: str | None = Field(None, max_length=32, description="The entry's kind.")
    reason: str | None = Field(None, max_length=255, description="The entry's reason, exactly.")
    reference: str | None = Field(None, max_length=255, description="The id in the entry's reference.")
    occurred_from: Time | None = Field(None, description="Happened at this time or later.")
    occurred_until: Time | None = Field(None, description="Happened before this time.")
    recorded_from: Time | None = Field(None, description="Recorded at this time or later.")
    recorded_until: Time | None = Field(None, description="Recorded before this time.")
    after_sequence: int | None = Field(None, ge=0, le=2**63 - 1, description="Behind this sequence number.")
    order: Literal["asc", "desc"] = Field("desc", description="Oldest or newest first.")

    def wanted(self) -> HistoryFilter:
        """The filter that these parameters are."""
        return HistoryFilter(**self.model_dump(exclude={"limit", "cursor", "order"}), newest_first=self.order == "desc")


class MovementQuery(HistoryQuery):
    """Which movements."""

    item: Ref | None = Field(None, description="The item's id or SKU.")
    location: Ref | None = Field(None, description="The location's id or code.")
    entry: str | None = Field(None, max_length=64, description="The entry's id.")


class MovementList(msgspec.Struct, frozen=True):
    """A page of movements."""

    data: list[MovementRow]
    next_cursor: str | None


@operation(
    id="movements.record",
    method="POST",
    path="/v1/movements",
    scope="stock:write",
    body=NewEntry,
    answers={201: Entry, 204: None},
    key="required",
    refusals=(
        InvalidEntry,
        InsufficientStock,
        StaleQuantity,
        EntryPredatesCount,
        CountIsBackdated,
        ItemArchived,
        LocationArchived,
        ScopeMissing,
    ),
    example=EXAMPLE,
)
async def record(call: Call[NewEntry, Query]) -> Answer:
    """Record an entry: all its lines or none.

    A count that finds what the ledger says writes nothing and is answered with 204.
    """
    body = call.body
    if body.force:
        call.require_scope("stock:force")
    command = RecordEntry(
        kind=body.kind,
        lines=[_line(line) for line in body.lines],
        actor=call.actor,
        reason=body.reason,
        reference=Reference(body.reference.type, body.reference.id) if body.reference else None,
        occurred_at=body.occurred_at,
        force=body.force,
        record_unchanged=body.record_unchanged,
    )
    return await call.submit(command, recorded)


@operation(
    id="movements.list",
    method="GET",
    path="/v1/movements",
    scope="stock:read",
    query=MovementQuery,
    answers={200: MovementList},
)
async def list_(call: Call[Any, MovementQuery]) -> Answer:
    """List movements, newest first unless asked otherwise."""
    query = call.query
    after = key_of(query.cursor, UUID)
    found = await history.list_movements(
        call.rooms.database, call.tenant, query.wanted(), after=after, limit=query.limit + 1
    )
    return shown(MovementList(*paged(found, query.limit, lambda movement: MOVEMENT.parse(movement.id))))


@operation(
    id="movements.get",
    method="GET",
    path="/v1/movements/{movement}",
    scope="stock:read",
    answers={200: MovementRow},
    refusals=(MovementNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read a movement."""
    return shown(await history.get_movement(call.rooms.database, call.tenant, call.path["movement"]))


def recorded(entry: Entry | None) -> Answer:
    """201 with an entry; 204 when nothing had to be recorded."""
    if entry is None:
        return Answer(status=204)
    return Answer(
        status=201,
        headers={"Location": f"/v1/entries/{entry.id}"},
        told_by_event=True,
    )


def _line(line: NewLine) -> Line:
    return Line(
        item=line.item,
        quantity=line.quantity,
        location=line.location,
        source=line.source,
        target=line.target,
        pack=line.pack,
        expected_on_hand=line.expected.on_hand if line.expected else None,
        expected_version=line.expected.version if line.expected else None,
    )
