"""Reading history: entries and movements, one or a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from twh_server.catalogue import items, locations
from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.catalogue.quantities import EXACT, plain
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import (
    ENTRY,
    FIRST,
    ITEM,
    KEY,
    LAST,
    LOCATION,
    MINTED_AHEAD_MILLISECONDS,
    MOVEMENT,
    EntryId,
    ItemId,
    KeyId,
    LocationId,
    MovementId,
    TenantId,
    first_id,
)
from twh_server.database.select import Select
from twh_server.journal.versions import etag
from twh_server.ledger import levels
from twh_server.ledger.entries import Actor, Entry, Level, Movement, MovementRow, Reference
from twh_server.ledger.refusals import EntryNotFound, MovementNotFound


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryFilter:
    """Which part of history is wanted; items and locations by id or name, times as [from, until)."""

    item: str | None = None
    location: str | None = None
    entry: str | None = None
    kind: str | None = None
    reason: str | None = None
    reference: str | None = None
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None
    after_sequence: int | None = None
    newest_first: bool = True


async def get_entry(database: Database, tenant: TenantId, text: str) -> Entry:
    """The entry with an id. Raises EntryNotFound."""
    select = Select(ENTRIES, tenant).where("e.id = %(id)s", id=ENTRY.parse(text))
    found = await _entries(database, tenant, await select.rows(database, "limit 1"))
    if not found:
        raise EntryNotFound(text)
    return found[0]


async def list_entries(
    database: Database, tenant: TenantId, wanted: HistoryFilter, *, after: UUID | None, limit: int
) -> Sequence[Entry]:
    """A page of entries in the order of their recording, behind the entry `after`."""
    select = _filtered(Select(ENTRIES, tenant), "e.id", wanted, after)
    select.given("e.reference_id = %(reference)s", reference=wanted.reference)
    rows = await select.rows(database, f"{_in_order('e.id', wanted)}\nlimit %(limit)s", limit=limit)
    return await _entries(database, tenant, rows)


async def get_movement(database: Database, tenant: TenantId, text: str) -> MovementRow:
    """The movement with an id. Raises MovementNotFound."""
    select = Select(MOVEMENTS, tenant).where("m.id = %(id)s", id=MOVEMENT.parse(text))
    found = await select.rows(database, _named("limit 1"))
    if not found:
        raise MovementNotFound(text)
    return _movement_row(found[0])


async def list_movements(
    database: Database, tenant: TenantId, wanted: HistoryFilter, *, after: UUID | None, limit: int
) -> Sequence[MovementRow]:
    """A page of movements in the order of their recording, behind the movement `after`."""
    select, page = Select(MOVEMENTS, tenant), PAGE
    if wanted.item is not None:
        select, page = Select(MOVEMENTS_OF_ITEM, tenant).knowing(**items.called(wanted.item)), PAGE_OF_ITEM
    select = _filtered(select, "m.id", wanted, after)
    select.given(OF_REFERENCE, reference=wanted.reference)
    if wanted.location is not None:
        select.where(AT_LOCATION, **locations.called(wanted.location))
    if wanted.entry is not None:
        select.where("m.entry_id = %(entry)s", entry=ENTRY.parse(wanted.entry))
    order = _in_order("m.id", wanted)
    return [
        _movement_row(row) for row in await select.rows(database, _named(page.format(order=order), order), limit=limit)
    ]


def _filtered(select: Select, column: str, wanted: HistoryFilter, after: UUID | None) -> Select:
    select.given("e.kind = %(kind)s", kind=wanted.kind)
    select.given("e.reason = %(reason)s", reason=wanted.reason)
    select.given("e.occurred_at >= %(occurred_from)s", occurred_from=wanted.occurred_from)
    select.given("e.occurred_at < %(occurred_until)s", occurred_until=wanted.occurred_until)
    if wanted.recorded_from is not None:
        since = wanted.recorded_from
        select.where(f"e.recorded_at >= %(since)s and {column} >= %(first)s", since=since, first=first_id(since))
    if wanted.recorded_until is not None:
        until, last = wanted.recorded_until, first_id(wanted.recorded_until, later=MINTED_AHEAD_MILLISECONDS)
        select.where(f"e.recorded_at < %(until)s and {column} < %(last)s", until=until, last=last)
    if wanted.after_sequence is not None:
        select.where(BEHIND_SEQUENCE.format(column=column), after_sequence=wanted.after_sequence)
    if wanted.newest_first:
        return select.where(f"{column} < %(after)s", after=after or LAST)
    return select.where(f"{column} > %(after)s", after=after or FIRST)


def _in_order(column: str, wanted: HistoryFilter) -> str:
    return f"order by {column}{' desc' if wanted.newest_first else ''}"


async def _entries(database: Database, tenant: TenantId, rows: Sequence[Row]) -> list[Entry]:
    if not rows:
        return []
    theirs = Select(MOVEMENTS, tenant).where("m.entry_id = any (%(entries)s::uuid[])", entries=[row[0] for row in rows])
    movements: dict[UUID, list[Row]] = {}
    for row in await theirs.rows(database, _named("", "order by m.id")):
        movements.setdefault(row[1], []).append(row)
    return [_entry(row, movements.get(row[0], [])) for row in rows]


def _entry(row: Row, movements: Sequence[Row]) -> Entry:
    entry_id, sequence, kind, reason, reference_type, reference_id, forced, key, name, reverses, *times = row
    occurred_at, recorded_at, reversed_by = times
    rows = [_movement_row(movement) for movement in movements]
    return Entry(
        id=ENTRY.text(entry_id),
        sequence=sequence,
        kind=kind,
        reason=reason,
        reference=_reference(reference_type, reference_id),
        forced=forced,
        actor=Actor(KEY.text(KeyId(key)), name),
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        reverses=None if reverses is None else ENTRY.text(EntryId(reverses)),
        reversed_by=None if reversed_by is None else ENTRY.text(EntryId(reversed_by)),
        movements=[_movement(row, occurred_at) for row in rows],
        levels=list({(row[8], row[10], row[12]): _level_after(row) for row in movements}.values()),
    )


def _movement(row: MovementRow, occurred_at: datetime) -> Movement:
    told: dict[str, Any] = {name: getattr(row, name) for name in Movement.__struct_fields__}
    told["occurred_at"] = None if row.occurred_at == occurred_at else row.occurred_at
    return Movement(**told)


def _movement_row(row: Row) -> MovementRow:
    movement_id, entry_id, sequence, kind, reason, reference_type, reference_id, line, *rest = row
    item_id, sku, location_id, code, lot, quantity, on_hand, reserved, version, occurred_at, recorded_at, count = rest
    return MovementRow(
        id=MOVEMENT.text(MovementId(movement_id)),
        entry=ENTRY.text(EntryId(entry_id)),
        sequence=sequence,
        kind=kind,
        reason=reason,
        reference=_reference(reference_type, reference_id),
        line=line,
        item=ItemRef(ITEM.text(ItemId(item_id)), sku),
        location=LocationRef(LOCATION.text(LocationId(location_id)), code),
        lot=lot or None,
        quantity=plain(quantity),
        on_hand_after=plain(on_hand),
        reserved_after=plain(reserved),
        version_after=version,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        counted_in=None if count is None else MOVEMENT.text(MovementId(count)),
    )


def _level_after(row: Row) -> Level:
    *_, item_id, sku, location_id, code, lot, _quantity, on_hand, reserved, version, _occurred, recorded_at, _count = (
        row
    )
    return Level(
        item=ItemRef(ITEM.text(ItemId(item_id)), sku),
        location=LocationRef(LOCATION.text(LocationId(location_id)), code),
        lot=lot or None,
        on_hand=plain(on_hand),
        reserved=plain(reserved),
        available=plain(EXACT.subtract(on_hand, reserved)),
        version=version,
        etag=etag(levels.TAG, version),
        updated_at=recorded_at,
    )


def _reference(type_: str | None, id_: str | None) -> Reference | None:
    return None if type_ is None or id_ is None else Reference(type_, id_)


ENTRIES = """
select e.id, e.sequence, e.kind, e.reason, e.reference_type, e.reference_id, e.forced, e.actor_key, e.actor_name,
       e.reverses, e.occurred_at, e.recorded_at, r.id
from entries as e
left join lateral (
    select id
    from entries
    where tenant_id = %(tenant)s and reverses = e.id
    limit 1
) as r on true
where e.tenant_id = %(tenant)s
"""

# Ids grow with time and with the sequence and have an index, times have none: they bound what has to be looked at. The
# `coalesce` stands within the select: around it, row security would keep the bound from the index.
BEHIND_SEQUENCE = """e.sequence > %(after_sequence)s
  and {column} > (
    select coalesce(
        (
            select id
            from entries
            where tenant_id = %(tenant)s and sequence <= %(after_sequence)s
            order by sequence desc
            limit 1
        ),
        '00000000-0000-0000-0000-000000000000'
    )
  )"""

OF_REFERENCE = """m.entry_id = any (array(
    select id
    from entries
    where tenant_id = %(tenant)s and reference_id = %(reference)s
  ))"""

AT_LOCATION = f"m.location_id = (select id from {locations.THE_LOCATION} as one)"

_TOLD = """
select m.id, m.entry_id, m.sequence, m.entry_kind, m.reason, m.reference_type, m.reference_id, m.line, m.item_id, i.sku,
       m.location_id, l.code, m.lot, m.quantity, m.on_hand_after, m.reserved_after, m.version_after, m.occurred_at,
       m.recorded_at, m.counted_in
from ("""

_ENTERED = """
    select m.*, e.sequence, e.kind as entry_kind, e.reason, e.reference_type, e.reference_id
    from stock_movements as m
    cross join lateral (
        select *
        from entries
        where tenant_id = %(tenant)s and id = m.entry_id
        limit 1
    ) as e
    where m.tenant_id = %(tenant)s
"""

MOVEMENTS = _TOLD + _ENTERED

PAGE = """{order}
limit %(limit)s"""

# The movements of a level lie in an index in their order, those of an item do not. Of each of its levels no more than a
# page is read: the first of all are among the first of each.
MOVEMENTS_OF_ITEM = f"""{_TOLD}
select m.*
from (
    select item_id, location_id, lot
    from stock_levels
    where tenant_id = %(tenant)s and item_id = (select id from {items.THE_ITEM} as one)
) as level
cross join lateral ({_ENTERED.rstrip()}
      and m.item_id = level.item_id and m.location_id = level.location_id and m.lot = level.lot
"""

PAGE_OF_ITEM = f"""{PAGE}
) as m
{PAGE}"""


def _named(page: str, order: str = "") -> str:
    """The rest of `MOVEMENTS`: only what is on the page is told its item and its location."""
    return f"""
{page}
) as m
cross join lateral (
    select sku
    from items
    where tenant_id = %(tenant)s and id = m.item_id
    limit 1
) as i
cross join lateral (
    select code
    from locations
    where tenant_id = %(tenant)s and id = m.location_id
    limit 1
) as l
{order}
"""
