"""Recording an entry: lines become postings, postings a draft of the book, the draft an entry with its movements."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from twh_server.catalogue import items, locations
from twh_server.catalogue.quantities import plain
from twh_server.database.engine import Row
from twh_server.database.identifiers import ENTRY, KEY, MOVEMENT, EntryId, KeyId, MovementId
from twh_server.events.kinds import News
from twh_server.journal.commands import Actor, Effects, Facts, Index, Moment, Read, Write
from twh_server.ledger import counts, entries, levels
from twh_server.ledger.book import Draft, Posted
from twh_server.ledger.counts import COUNTED, Count
from twh_server.ledger.entries import Entry, LowStock, Movement, Reference
from twh_server.ledger.levels import LEVEL, ZERO
from twh_server.ledger.lines import SIGNS, Line, Reading
from twh_server.ledger.refusals import InvalidEntry
from twh_server.refusals import Problem
from twh_server.tenancy import settings
from twh_server.tenancy.settings import Choices


class RecordEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Record one thing that happened to stock: all its lines or none."""

    kind: str
    lines: Sequence[Line]
    actor: Actor
    reason: str | None = None
    reference: Reference | None = None
    occurred_at: datetime | None = None
    force: bool = False
    record_unchanged: bool = False

    @property
    def weight(self) -> int:
        """Its lines."""
        return len(self.lines)

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The tenant's settings, the items, locations and levels of its lines, and what may have been counted since."""
        yield settings.asked()
        for line in self.lines:
            yield items.asked(line.item)
            for place in line.places:
                yield locations.asked(place)
                yield levels.asked(line.item, place)
                if self.occurred_at:
                    yield counts.asked(line.item, place, self.occurred_at)

    def decide(self, facts: Facts, moment: Moment) -> Effects[Entry | None]:
        """The entry; None when a count found what the ledger says.

        Raises InvalidEntry, ItemArchived, LocationArchived, StaleQuantity, EntryPredatesCount, CountIsBackdated or
        InsufficientStock.
        """
        choices = settings.choices_in(facts)
        reading = Reading(facts, self.kind)
        postings = reading.postings(self.lines)
        problems = [*self._problems(choices, moment), *reading.problems]
        if problems:
            raise InvalidEntry(problems)
        if reading.archived:
            raise reading.archived[0]
        draft = Draft(
            facts=facts,
            occurred_at=self.occurred_at or moment.recorded_at,
            recorded_at=moment.recorded_at,
            force=self.force,
            oversell=choices.oversell,
            keep_unchanged=self.record_unchanged,
            dated=self.occurred_at is not None,
            now=self.occurred_at is None,
        )
        for posting in postings:
            draft.post(posting)
        draft.settle()
        if not draft.posted:
            return Effects(result=None)
        heading = Heading(kind=self.kind, reason=self.reason, reference=self.reference, actor=self.actor)
        return recorded(draft, heading, moment)

    def _problems(self, choices: Choices, moment: Moment) -> Iterable[Problem]:
        if self.kind not in SIGNS:
            message = f"An entry is one of {', '.join(SIGNS)}."
            yield Problem(pointer="/kind", code="unknown_kind", message=message)
        yield from reason_problems(self.kind, self.reason, choices)
        yield from time_problems(self.occurred_at, choices, moment)


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the database has it."""

    id: EntryId
    sequence: int
    kind: str
    reason: str | None
    reference_type: str | None
    reference_id: str | None
    forced: bool
    actor_key: KeyId
    actor_name: str
    reverses: EntryId | None
    occurred_at: datetime


class StoredMovement(msgspec.Struct, frozen=True, kw_only=True):
    """A movement as the database has it."""

    id: MovementId
    entry_id: EntryId
    line: int
    kind: str
    item_id: UUID
    location_id: UUID
    lot: str
    quantity: Decimal
    on_hand_after: Decimal
    reserved_after: Decimal
    version_after: int
    occurred_at: datetime
    late: bool
    counted_in: UUID | None


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says besides its movements."""

    kind: str
    reason: str | None
    reference: Reference | None
    actor: Actor
    reverses: EntryId | None = None


def reason_problems(kind: str, reason: str | None, choices: Choices) -> Iterable[Problem]:
    """What the tenant's settings have against a reason, or against its absence."""
    allowed = choices.adjustment_reasons if kind == "adjustment" else []
    if not reason and (kind == "adjustment" or kind in choices.reason_required):
        why = ", ".join(allowed) if allowed else "damaged, found, stolen …"
        message = f"Say why stock is adjusted: {why}" if kind == "adjustment" else f"Say why: a {kind} needs a reason."
        yield Problem(pointer="/reason", code="reason_required", message=message)
    elif reason and allowed and reason not in allowed:
        message = f"The reason of an adjustment is one of {', '.join(allowed)}."
        yield Problem(pointer="/reason", code="reason_unknown", message=message)


def time_problems(occurred_at: datetime | None, choices: Choices, moment: Moment) -> Iterable[Problem]:
    """What the tenant's settings have against the client's time."""
    if occurred_at is None:
        return
    days, minutes = choices.occurred_at_back_days, choices.occurred_at_ahead_minutes
    # Counted from the time in question: the beginning of all times has no days before it.
    too_early = days is not None and moment.recorded_at - occurred_at > timedelta(days=days)
    if too_early or occurred_at - moment.recorded_at > timedelta(minutes=minutes):
        back = "" if days is None else f"{days} days back and "
        message = f"occurred_at may lie {back}{minutes} minutes ahead."
        yield Problem(pointer="/occurred_at", code="occurred_at_out_of_range", message=message)


def recorded(draft: Draft, heading: Heading, moment: Moment) -> Effects[Entry | None]:
    """The entry that a draft becomes, with the rows and the news of it."""
    entry_id = EntryId(moment.mint())
    movement_ids = [MovementId(moment.mint()) for _ in draft.posted]
    places = {posted.posting.key: posted.posting for posted in draft.posted}
    reference = heading.reference
    entry = Entry(
        id=ENTRY.text(entry_id),
        sequence=moment.sequence,
        kind=heading.kind,
        reason=heading.reason,
        reference=reference,
        forced=draft.force,
        actor=entries.Actor(KEY.text(heading.actor.key), heading.actor.name),
        occurred_at=draft.occurred_at,
        recorded_at=draft.recorded_at,
        reverses=None if heading.reverses is None else ENTRY.text(heading.reverses),
        reversed_by=None,
        movements=[_movement(posted, id_) for posted, id_ in zip(draft.posted, movement_ids, strict=True)],
        levels=[
            levels.shown(level, places[key].item.ref, places[key].location.ref) for key, level in draft.levels.items()
        ],
    )
    row = EntryRow(
        id=entry_id,
        sequence=moment.sequence,
        kind=heading.kind,
        reason=heading.reason,
        reference_type=reference.type if reference else None,
        reference_id=reference.id if reference else None,
        forced=draft.force,
        actor_key=heading.actor.key,
        actor_name=heading.actor.name,
        reverses=heading.reverses,
        occurred_at=draft.occurred_at,
    )
    rows: list[tuple[Write, msgspec.Struct]] = [(STORE_ENTRIES, row)]
    rows += [(levels.STORE_LEVELS, level) for level in draft.levels.values()]
    for posted, movement_id in zip(draft.posted, movement_ids, strict=True):
        rows.append((STORE_MOVEMENTS, _movement_row(posted, movement_id, entry_id, heading.kind, draft.occurred_at)))
    # The feed tells every entry; the audit log those that somebody may have to answer for.
    audited = entry_id if draft.force or heading.reverses else None
    told = News(kind="entry.recorded", data=msgspec.json.encode(entry), subject=audited)
    news = [told, *_low_stock(draft, entry.id)]
    known = draft.known()
    if heading.kind == "count":
        known += _counted(draft, movement_ids)
    return Effects(result=entry, rows=rows, news=news, known=known)


def _counted(draft: Draft, movement_ids: Sequence[MovementId]) -> Iterable[tuple[Index[Any, Any], Any, Any]]:
    """What was counted: late arrivals of the same batch have to know it."""
    known = dict(draft.facts.of(COUNTED))
    for posted, movement_id in zip(draft.posted, movement_ids, strict=True):
        key = posted.posting.key
        known[key] = [*known.get(key, ()), Count(draft.occurred_at, movement_id)]
    return [(COUNTED, key, known[key]) for key in draft.levels]


def _movement(posted: Posted, movement_id: MovementId) -> Movement:
    level, posting = posted.level, posted.posting
    return Movement(
        id=MOVEMENT.text(movement_id),
        line=posting.line,
        item=posting.item.ref,
        location=posting.location.ref,
        lot=level.lot or None,
        quantity=plain(posted.quantity),
        on_hand_after=plain(level.on_hand),
        reserved_after=plain(level.reserved),
        version_after=level.version,
        occurred_at=posted.counted_in.occurred_at if posted.counted_in else None,
        counted_in=MOVEMENT.text(MovementId(posted.counted_in.movement)) if posted.counted_in else None,
    )


def _movement_row(
    posted: Posted, movement_id: MovementId, entry_id: EntryId, kind: str, occurred_at: datetime
) -> StoredMovement:
    level, counted_in = posted.level, posted.counted_in
    return StoredMovement(
        id=movement_id,
        entry_id=entry_id,
        line=posted.posting.line,
        kind=kind,
        item_id=level.item_id,
        location_id=level.location_id,
        lot=level.lot,
        quantity=posted.quantity,
        on_hand_after=level.on_hand,
        reserved_after=level.reserved,
        version_after=level.version,
        occurred_at=counted_in.occurred_at if counted_in else occurred_at,
        late=posted.late,
        counted_in=counted_in.movement if counted_in else None,
    )


def _low_stock(draft: Draft, entry_id: str) -> Iterable[News]:
    """`stock.low` for each level that fell to its item's reorder point or below, and was above it before."""
    places = {posted.posting.key: posted.posting for posted in draft.posted}
    for key, level in draft.levels.items():
        item, location = places[key].item, places[key].location
        point, before = item.reorder_point, draft.facts.of(LEVEL).get(key)
        if point is None or level.available > point or (before.available if before else ZERO) <= point:
            continue
        low = LowStock(
            item=item.ref,
            location=location.ref,
            on_hand=plain(level.on_hand),
            available=plain(level.available),
            reorder_point=plain(point),
            entry=entry_id,
        )
        yield News(kind="stock.low", data=msgspec.json.encode(low))


STORE_ENTRIES = Write(
    sql="""
insert into entries (tenant_id, id, sequence, kind, reason, reference_type, reference_id, forced, actor_key, actor_name,
                     reverses, occurred_at, recorded_at)
select %(tenant)s, id, sequence, kind, reason, reference_type, reference_id, forced, actor_key, actor_name, reverses,
       occurred_at, %(recorded_at)s
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, sequence bigint, kind text, reason text, reference_type text, reference_id text, forced boolean,
                actor_key uuid, actor_name text, reverses uuid, occurred_at timestamptz)
""",
    rank=5,
)

STORE_MOVEMENTS = Write(
    sql="""
insert into stock_movements (tenant_id, id, entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after,
                             reserved_after, version_after, occurred_at, recorded_at, late, counted_in)
select %(tenant)s, id, entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after, reserved_after,
       version_after, occurred_at, %(recorded_at)s, late, counted_in
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, entry_id uuid, line integer, kind text, item_id uuid, location_id uuid, lot text, quantity
                numeric, on_hand_after numeric, reserved_after numeric, version_after bigint, occurred_at timestamptz,
                late boolean, counted_in uuid)
""",
    rank=6,
)
