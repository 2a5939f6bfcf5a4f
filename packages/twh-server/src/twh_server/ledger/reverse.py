"""Reversing an entry: history is never edited, only answered with its mirror image, once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from twh_server.catalogue import items, locations
from twh_server.catalogue.items import ITEM_BY_ID
from twh_server.catalogue.locations import LOCATION_BY_ID
from twh_server.catalogue.refusals import ItemArchived, LocationArchived
from twh_server.database.engine import Row
from twh_server.database.identifiers import ENTRY, EntryId
from twh_server.journal.commands import Actor, Effects, Facts, Index, Moment, Read
from twh_server.ledger import levels
from twh_server.ledger.book import Draft, Posting
from twh_server.ledger.entries import Entry, Reference
from twh_server.ledger.record import Heading, reason_problems, recorded, time_problems
from twh_server.ledger.refusals import EntryAlreadyReversed, EntryNotFound, InvalidEntry
from twh_server.tenancy import settings


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """The entry to be reversed: what its mirror image needs."""

    id: EntryId
    reference: Reference | None
    reversed_by: UUID | None
    movements: Sequence[tuple[int, UUID, UUID, Decimal]]
    """(line, item, location, quantity), in their order."""


ORIGINAL: Index[UUID, Original] = Index("entries to reverse")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReverseEntry:
    """Record the mirror image of an entry, once."""

    entry: str
    actor: Actor
    reason: str | None = None
    occurred_at: datetime | None = None
    force: bool = False
    weight: Final = 100

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The tenant's settings, the entry with its movements, and the items, locations and levels of those."""
        yield settings.asked()
        entry_id = ENTRY.parse(self.entry)
        if entry_id is not None:
            for read in (ORIGINALS, ITEMS_OF_ENTRY, LOCATIONS_OF_ENTRY, LEVELS_OF_ENTRY):
                yield read, (entry_id,)

    def decide(self, facts: Facts, moment: Moment) -> Effects[Entry | None]:
        """The mirror image. Raises EntryNotFound, EntryAlreadyReversed, InvalidEntry or a refusal of the book."""
        entry_id = ENTRY.parse(self.entry)
        original = facts.of(ORIGINAL).get(entry_id) if entry_id else None
        if original is None:
            raise EntryNotFound(self.entry)
        if original.reversed_by:
            raise EntryAlreadyReversed(self.entry, ENTRY.text(EntryId(original.reversed_by)))
        choices = settings.choices_in(facts)
        problems = [
            *reason_problems("reversal", self.reason, choices),
            *time_problems(self.occurred_at, choices, moment),
        ]
        if problems:
            raise InvalidEntry(problems)
        draft = Draft(
            facts=facts,
            occurred_at=self.occurred_at or moment.recorded_at,
            now=self.occurred_at is None,
            recorded_at=moment.recorded_at,
            force=self.force,
            oversell=choices.oversell,
        )
        for posting in mirrored(original, facts):
            draft.post(posting)
        draft.settle()
        heading = Heading(
            kind="reversal",
            reason=self.reason,
            reference=original.reference,
            actor=self.actor,
            reverses=original.id,
        )
        effects = recorded(draft, heading, moment)
        assert effects.result is not None
        reversal = ENTRY.parse(effects.result.id)
        effects.known.append((ORIGINAL, original.id, msgspec.structs.replace(original, reversed_by=reversal)))
        return effects


def mirrored(original: Original, facts: Facts) -> Iterable[Posting]:
    """The opposite of each movement, last one first, so that stock goes back the way it came."""
    for line, item_id, location_id, quantity in reversed(original.movements):
        if not quantity:  # a count that found what the ledger said moved nothing, and nothing has to go back
            continue
        item, location = facts.of(ITEM_BY_ID)[item_id], facts.of(LOCATION_BY_ID)[location_id]
        if item.archived_at:
            raise ItemArchived(item.sku)
        if location.archived_at:
            raise LocationArchived(location.code)
        yield Posting(line=line, item=item, location=location, quantity=-quantity)


def _enter_originals(facts: Facts, rows: Sequence[Row]) -> None:
    for entry_id, reference_type, reference_id, reversed_by, lines, item_ids, location_ids, quantities in rows:
        facts.of(ORIGINAL)[entry_id] = Original(
            id=entry_id,
            reference=Reference(reference_type, reference_id) if reference_id is not None else None,
            reversed_by=reversed_by,
            movements=list(zip(lines, item_ids, location_ids, quantities, strict=True)),
        )


ORIGINALS = Read(
    sql="""
select e.id, e.reference_type, e.reference_id, r.id, m.lines, m.item_ids, m.location_ids, m.quantities
from json_to_recordset(%(wanted)s::json) as wanted (id uuid)
cross join lateral (
    select *
    from entries
    where tenant_id = %(tenant)s and id = wanted.id
    limit 1
) as e
left join lateral (
    select id
    from entries
    where tenant_id = %(tenant)s and reverses = wanted.id
    limit 1
) as r on true
cross join lateral (
    select coalesce(array_agg(line order by id), '{}') as lines,
           coalesce(array_agg(item_id order by id), '{}') as item_ids,
           coalesce(array_agg(location_id order by id), '{}') as location_ids,
           coalesce(array_agg(quantity order by id), '{}') as quantities
    from stock_movements
    where tenant_id = %(tenant)s and entry_id = wanted.id
) as m
""",
    enter=_enter_originals,
)


def _of_entry(columns: str, table: str, condition: str) -> str:
    # `offset 0` keeps the planner from turning the look-ups into one join over all that the tenant has.
    return f"""
select distinct found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid)
cross join lateral (
    select item_id, location_id, lot
    from stock_movements
    where tenant_id = %(tenant)s and entry_id = wanted.id
    offset 0
) as m
cross join lateral (
    select {columns}
    from {table}
    where {table}.tenant_id = %(tenant)s and {condition}
    limit 1
) as found
"""


ITEMS_OF_ENTRY = Read(sql=_of_entry(items.COLUMNS, "items", "items.id = m.item_id"), enter=items.enter)
LOCATIONS_OF_ENTRY = Read(
    sql=_of_entry(locations.COLUMNS, "locations", "locations.id = m.location_id"), enter=locations.enter
)
LEVELS_OF_ENTRY = Read(
    sql=_of_entry(
        levels.COLUMNS,
        "stock_levels",
        "stock_levels.item_id = m.item_id and stock_levels.location_id = m.location_id and stock_levels.lot = m.lot",
    ),
    enter=levels.enter,
)
