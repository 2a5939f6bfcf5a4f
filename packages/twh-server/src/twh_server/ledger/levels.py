"""Levels: what the ledger says is where, as rows that a batch reads and writes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import msgspec

from twh_server.catalogue import names
from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.catalogue.quantities import EXACT, plain
from twh_server.database.engine import Row
from twh_server.database.identifiers import ITEM, LOCATION
from twh_server.journal.commands import Facts, Index, Read, Write
from twh_server.journal.versions import etag
from twh_server.ledger.entries import Level

TAG = "lv"
NO_LOT = ""
ZERO = Decimal(0)

LevelKey: TypeAlias = tuple[UUID, UUID, str]


class LevelRow(msgspec.Struct, frozen=True):
    """A level as the database has it; the first three columns are its key."""

    item_id: UUID
    location_id: UUID
    lot: str
    on_hand: Decimal
    reserved: Decimal
    version: int
    counted_at: datetime | None
    last_occurred_at: datetime
    updated_at: datetime

    @property
    def available(self) -> Decimal:
        """What is left to promise."""
        return EXACT.subtract(self.on_hand, self.reserved)

    @property
    def key(self) -> LevelKey:
        """Which level it is."""
        return self.item_id, self.location_id, self.lot


LEVEL: Index[LevelKey, LevelRow] = Index("levels")


def shown(level: LevelRow | None, item: ItemRef, location: LocationRef) -> Level:
    """A level as the outside sees it; one that nothing ever moved is zero, at version 0."""
    version = level.version if level else 0
    return Level(
        item=item,
        location=location,
        lot=(level.lot or None) if level else None,
        on_hand=plain(level.on_hand) if level else "0",
        reserved=plain(level.reserved) if level else "0",
        available=plain(level.available) if level else "0",
        version=version,
        etag=etag(TAG, version),
        updated_at=level.updated_at if level else None,
    )


def asked(item: str, location: str) -> tuple[Read, Row]:
    """The look-up of one level by the names or ids of its item and its location."""
    return LEVELS, (*names.reference(item, ITEM), *names.reference(location, LOCATION))


def enter(facts: Facts, rows: Sequence[Row]) -> None:
    """Put found levels into the facts."""
    known = facts.of(LEVEL)
    for row in rows:
        level = LevelRow(*row)
        known[level.key] = level


COLUMNS = "item_id, location_id, lot, on_hand, reserved, version, counted_at, last_occurred_at, updated_at"

WANTED_ITEM = names.by_id_or_name("items", "id", id_is="wanted.item_id", name="sku", name_is="wanted.sku")
WANTED_LOCATION = names.by_id_or_name("locations", "id", id_is="wanted.location_id", name="code", name_is="wanted.code")

LEVELS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (item_id uuid, sku text, location_id uuid, code text)
cross join lateral {WANTED_ITEM} as i
cross join lateral {WANTED_LOCATION} as l
cross join lateral (
    select {COLUMNS}
    from stock_levels
    where tenant_id = %(tenant)s and item_id = i.id and location_id = l.id and lot = ''
    limit 1
) as found
""",
    enter=enter,
)

STORE_LEVELS = Write(
    sql=f"""
insert into stock_levels (tenant_id, {COLUMNS})
select %(tenant)s, {COLUMNS}
from json_to_recordset(%(rows)s::json)
     as stored (item_id uuid, location_id uuid, lot text, on_hand numeric, reserved numeric, version bigint, counted_at
                timestamptz, last_occurred_at timestamptz, updated_at timestamptz)
on conflict (tenant_id, item_id, location_id, lot) do update
set on_hand = excluded.on_hand, reserved = excluded.reserved, version = excluded.version,
    counted_at = excluded.counted_at, last_occurred_at = excluded.last_occurred_at, updated_at = excluded.updated_at
""",
    rank=4,
    key=("item_id", "location_id", "lot"),
)
