"""Reading history: entries and movements, one or a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.catalogue.quantities import EXACT, plain
from twh_server.database import tables
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import (
    ENTRY,
    ITEM,
    KEY,
    LOCATION,
    MOVEMENT,
    EntryId,
    ItemId,
    KeyId,
    LocationId,
    MovementId,
    TenantId,
)
from twh_server.database.select import Select, keyset, rows_of
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
    identifier = ENTRY.parse(text)
    found = await _entries(database, tenant, _entry_rows(tenant).where(tables.entries.c.id == identifier))
    if identifier is None or not found:
        raise EntryNotFound(text)
    return found[0]


async def list_entries(
    database: Database, tenant: TenantId, wanted: HistoryFilter, *, after: UUID | None, limit: int
) -> Sequence[Entry]:
    """A page of entries in the order of their recording, behind the entry `after`."""
    select = _ordered(_filtered(_entry_rows(tenant), wanted), tables.entries.c.id, wanted, after, limit)
    return await _entries(database, tenant, select)


async def get_movement(database: Database, tenant: TenantId, text: str) -> MovementRow:
    """The movement with an id. Raises MovementNotFound."""
    identifier = MOVEMENT.parse(text)
    select = _movement_rows(tenant).where(tables.stock_movements.c.id == identifier)
    found = await rows_of(database, tenant, select)
    if identifier is None or not found:
        raise MovementNotFound(text)
    return _movement_row(found[0])


async def list_movements(
    database: Database, tenant: TenantId, wanted: HistoryFilter, *, after: UUID | None, limit: int
) -> Sequence[MovementRow]:
    """A page of movements in the order of their recording, behind the movement `after`."""
    movement, item, location = tables.stock_movements, tables.items, tables.locations
    select = _filtered(_movement_rows(tenant), wanted)
    if wanted.item is not None:
        item_id = ITEM.parse(wanted.item)
        select = select.where(item.c.sku == wanted.item if item_id is None else movement.c.item_id == item_id)
    if wanted.location is not None:
        place = LOCATION.parse(wanted.location)
        one = location.c.code == wanted.location if place is None else movement.c.location_id == place
        select = select.where(one)
    if wanted.entry is not None:
        select = select.where(movement.c.entry_id == ENTRY.parse(wanted.entry))
    found = await rows_of(database, tenant, _ordered(select, movement.c.id, wanted, after, limit))
    return [_movement_row(row) for row in found]


def _entry_rows(tenant: TenantId) -> Select:
    entry, reversal = tables.entries, tables.entries.alias("reversal")
    columns = "id, sequence, kind, reason, reference_type, reference_id, forced, actor_key, actor_name, reverses"
    reversed_ = (reversal.c.tenant_id == entry.c.tenant_id) & (reversal.c.reverses == entry.c.id)
    return (
        sa.select(
            *(entry.c[name] for name in columns.split(", ")),
            entry.c.occurred_at,
            entry.c.recorded_at,
            reversal.c.id.label("reversed_by"),
        )
        .outerjoin(reversal, reversed_)
        .where(entry.c.tenant_id == tenant)
    )


def _movement_rows(tenant: TenantId) -> Select:
    movement, entry, item, location = tables.stock_movements, tables.entries, tables.items, tables.locations
    return (
        sa.select(
            movement.c.id,
            movement.c.entry_id,
            entry.c.sequence,
            entry.c.kind,
            entry.c.reason,
            entry.c.reference_type,
            entry.c.reference_id,
            movement.c.line,
            movement.c.item_id,
            item.c.sku,
            movement.c.location_id,
            location.c.code,
            movement.c.lot,
            movement.c.quantity,
            movement.c.on_hand_after,
            movement.c.reserved_after,
            movement.c.version_after,
            movement.c.occurred_at,
            movement.c.recorded_at,
        )
        .join(entry, (entry.c.tenant_id == movement.c.tenant_id) & (entry.c.id == movement.c.entry_id))
        .join(item, (item.c.tenant_id == movement.c.tenant_id) & (item.c.id == movement.c.item_id))
        .join(location, (location.c.tenant_id == movement.c.tenant_id) & (location.c.id == movement.c.location_id))
        .where(movement.c.tenant_id == tenant)
    )


def _filtered(select: Select, wanted: HistoryFilter) -> Select:
    entry = tables.entries
    equal: list[tuple[sa.ColumnElement[Any], Any]] = [
        (entry.c.kind, wanted.kind),
        (entry.c.reason, wanted.reason),
        (entry.c.reference_id, wanted.reference),
    ]
    not_before = [(entry.c.occurred_at, wanted.occurred_from), (entry.c.recorded_at, wanted.recorded_from)]
    before = [(entry.c.occurred_at, wanted.occurred_until), (entry.c.recorded_at, wanted.recorded_until)]
    conditions = [column == value for column, value in equal if value is not None]
    conditions += [column >= value for column, value in not_before if value is not None]
    conditions += [column < value for column, value in before if value is not None]
    if wanted.after_sequence is not None:
        conditions.append(entry.c.sequence > wanted.after_sequence)
    return select.where(*conditions)


def _ordered(
    select: Select, column: sa.ColumnElement[Any], wanted: HistoryFilter, after: UUID | None, limit: int
) -> Select:
    if after is not None:
        select = select.where(keyset(column, after, newest_first=wanted.newest_first))
    return select.order_by(column.desc() if wanted.newest_first else column).limit(limit)


async def _entries(database: Database, tenant: TenantId, select: Select) -> list[Entry]:
    rows = await rows_of(database, tenant, select)
    movement = tables.stock_movements
    theirs = _movement_rows(tenant).where(movement.c.entry_id == sa.any_(sa.literal([row[0] for row in rows])))
    movements: dict[UUID, list[Row]] = {}
    for row in await rows_of(database, tenant, theirs.order_by(movement.c.id)) if rows else ():
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
        movements=[_movement(row) for row in rows],
        levels=list({(row[8], row[10], row[12]): _level_after(row) for row in movements}.values()),
    )


def _movement(row: MovementRow) -> Movement:
    return Movement(**{name: getattr(row, name) for name in Movement.__struct_fields__})


def _movement_row(row: Row) -> MovementRow:
    movement_id, entry_id, sequence, kind, reason, reference_type, reference_id, line, *rest = row
    item_id, sku, location_id, code, lot, quantity, on_hand, reserved, version, occurred_at, recorded_at = rest
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
    )


def _level_after(row: Row) -> Level:
    *_, item_id, sku, location_id, code, lot, _quantity, on_hand, reserved, version, _occurred, recorded_at = row
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
