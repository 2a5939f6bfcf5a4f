"""Verifying a ledger: everything in it has to follow from what came before it, and the first thing that does not is named.

Blocks are recomputed from the stored bytes of their events (`chain`); every entry's event is held against the entry's rows; every
movement against the one before it on its level; every level against its last movement and the sum of them all.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.catalogue.quantities import EXACT, plain
from twh_server.database.engine import Connection, Database
from twh_server.database.identifiers import (
    ENTRY,
    ITEM,
    KEY,
    LOCATION,
    MOVEMENT,
    ItemId,
    LocationId,
    MovementId,
    TenantId,
)
from twh_server.database.select import walk
from twh_server.events import kinds
from twh_server.ledger.chain import Counts, Digest, Fault, Found, expect, walk_blocks
from twh_server.ledger.entries import Entry
from twh_server.ledger.levels import ZERO

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified, and the fault when there is one. The digest is the hash of the newest block."""

    ok: bool
    events_from: Annotated[
        int,
        Meta(
            description="From which event on the bytes were verified. Of older ones, which were dropped, the blocks were."
        ),
    ] = 1
    blocks: int
    events: int
    entries: int
    movements: int
    levels: int
    last_sequence: int
    digest: str | None
    fault: Fault | None


async def verify(database: Database, tenant: TenantId, *, against: Digest | None = None) -> Verification:
    """Walk the whole ledger of a tenant as it is at one moment, against a digest that was kept where there is one.

    Without one, a ledger cannot know that it once was longer, or that its end was another.
    """
    counts, fault = Counts(), None
    async with database.snapshot(tenant) as connection:
        try:
            await walk_blocks(connection, tenant, counts, against)
            await _entries(connection, tenant, counts)
            await _movements(connection, tenant, counts)
            await _levels(connection, tenant, counts)
        except Found as found:
            fault = found.fault
    return Verification(
        ok=fault is None,
        events_from=counts.events_from,
        blocks=counts.blocks,
        events=counts.events,
        entries=counts.entries,
        movements=counts.movements,
        levels=counts.levels,
        last_sequence=counts.sequence,
        digest=counts.digest.hex() if counts.blocks else None,
        fault=fault,
    )


async def _entries(connection: Connection, tenant: TenantId, counts: Counts) -> None:
    """Every entry was told by an event, and every column of it and of its movements is what the event says."""
    told = movements_told = 0
    async with walk(connection, ENTRIES, {"tenant": tenant}) as rows:
        async for row in rows:
            body, entry_id, *columns = row
            told += 1
            entry = msgspec.json.decode(kinds.decode(body).data, type=Entry)
            where = f"entry {entry.id}"
            if entry_id is None:
                raise Found("entry was told but is not in the ledger", where)
            movements = columns.pop()
            expect("entry differs from its event", where, _told(entry), tuple(columns))
            expect(
                "movements of an entry differ from its event",
                where,
                _told_movements(entry),
                _stored_movements(movements),
            )
            counts.entries += 1
            movements_told += len(movements)
    asked = {"tenant": tenant, "events_from": counts.events_from}
    stored = await (await connection.execute(COUNT_STORED, asked)).fetchone()
    entries, movements = stored or (0, 0)
    expect("entry was never told by an event", "entries", told, entries)
    expect("movement belongs to no entry", "movements", movements_told, movements)


def _told(entry: Entry) -> tuple[Any, ...]:
    reference = entry.reference
    return (
        entry.sequence,
        entry.kind,
        entry.reason,
        reference.type if reference else None,
        reference.id if reference else None,
        entry.forced,
        KEY.parse(entry.actor.key),
        entry.actor.name,
        None if entry.reverses is None else ENTRY.parse(entry.reverses),
        entry.occurred_at,
        entry.recorded_at,
    )


def _told_movements(entry: Entry) -> list[tuple[Any, ...]]:
    return [
        (
            movement.id,
            movement.line,
            movement.item.id,
            movement.location.id,
            movement.lot or "",
            movement.quantity,
            movement.on_hand_after,
            movement.reserved_after,
            movement.version_after,
            entry.kind,
            movement.occurred_at or entry.occurred_at,
            entry.recorded_at,
            movement.counted_in,
        )
        for movement in entry.movements
    ]


def _stored_movements(movements: list[Any]) -> list[tuple[Any, ...]]:
    return [_stored_movement(*movement) for movement in movements]


def _stored_movement(
    movement_id: str, line: int, item_id: str, location_id: str, lot: str, *values: Any
) -> tuple[Any, ...]:
    quantity, on_hand, reserved, version, kind, occurred_at, recorded_at, counted_in = values
    return (
        MOVEMENT.text(MovementId(UUID(movement_id))),
        line,
        ITEM.text(ItemId(UUID(item_id))),
        LOCATION.text(LocationId(UUID(location_id))),
        lot,
        plain(Decimal(quantity)),
        plain(Decimal(on_hand)),
        plain(Decimal(reserved)),
        version,
        kind,
        datetime.fromisoformat(occurred_at),
        datetime.fromisoformat(recorded_at),
        None if counted_in is None else MOVEMENT.text(MovementId(UUID(counted_in))),
    )


async def _movements(connection: Connection, tenant: TenantId, counts: Counts) -> None:
    """On each level, every movement starts from where the one before it ended, and what is late says so."""
    key: tuple[Any, ...] | None = None
    on_hand, version, latest = ZERO, 0, BEFORE_ALL
    async with walk(connection, MOVEMENTS, {"tenant": tenant}) as rows:
        async for row in rows:
            movement_id, *place, quantity, on_hand_after, version_after, occurred_at, late = row
            if key != tuple(place):
                key, on_hand, version, latest = tuple(place), ZERO, 0, BEFORE_ALL
            where = f"movement {MOVEMENT.text(MovementId(movement_id))}"
            expect("movement does not follow the one before it on its level", where, version + 1, version_after)
            expected = EXACT.add(on_hand, quantity)
            expect("movement's level is not the sum of the movements", where, plain(expected), plain(on_hand_after))
            if occurred_at < latest and not late:
                raise Found("movement is late and does not say so", where, expected=True, found=late)
            on_hand, version, latest = on_hand_after, version_after, max(latest, occurred_at)
            counts.movements += 1


async def _levels(connection: Connection, tenant: TenantId, counts: Counts) -> None:
    """Every level is its last movement's, and every level that moved is there."""
    async with walk(connection, LEVELS, {"tenant": tenant}) as rows:
        async for row in rows:
            item_id, location_id, on_hand, reserved, version, sum_, reserved_after, version_after, *times = row
            counted_at, last_occurred_at, updated_at, counted, last_occurred, recorded = times
            where = f"level of {ITEM.text(ItemId(item_id))} at {LOCATION.text(LocationId(location_id))}"
            expect("level is not the sum of its movements", where, plain(sum_), plain(on_hand))
            expect("level's reserved is not that of its last movement", where, plain(reserved_after), plain(reserved))
            expect("level's version is not that of its last movement", where, version_after, version)
            expect("level's time of counting is not that of its last count", where, counted, counted_at)
            expect("level's last occurrence is not that of its movements", where, last_occurred, last_occurred_at)
            expect("level's time of change is not that of its last movement", where, recorded, updated_at)
            counts.levels += 1


ENTRIES = """
select v.body, e.id, e.sequence, e.kind, e.reason, e.reference_type, e.reference_id, e.forced, e.actor_key, e.actor_name, e.reverses,
       e.occurred_at, e.recorded_at, m.movements
from events as v
left join entries as e on e.tenant_id = v.tenant_id and e.sequence = v.sequence
left join lateral (
    select coalesce(jsonb_agg(jsonb_build_array(
               id, line, item_id, location_id, lot, quantity::text, on_hand_after::text, reserved_after::text,
               version_after, kind, occurred_at, recorded_at, counted_in
           ) order by id), '[]') as movements
    from stock_movements
    where tenant_id = %(tenant)s and entry_id = e.id
) as m on true
where v.tenant_id = %(tenant)s and v.kind = 'entry.recorded'
order by v.sequence
"""

# Entries whose events were dropped are told by nothing any more; what they moved is verified all the same.
COUNT_STORED = """
select count(*),
       (select count(*) from stock_movements where tenant_id = %(tenant)s) - (
           select count(*)
           from entries as e
           join stock_movements as m on m.tenant_id = e.tenant_id and m.entry_id = e.id
           where e.tenant_id = %(tenant)s and e.sequence < %(events_from)s
       )
from entries
where tenant_id = %(tenant)s and sequence >= %(events_from)s
"""

MOVEMENTS = """
select id, item_id, location_id, lot, quantity, on_hand_after, version_after, occurred_at, late
from stock_movements
where tenant_id = %(tenant)s
order by item_id, location_id, lot, version_after
"""

LEVELS = """
select item_id, location_id, coalesce(s.on_hand, 0),
       coalesce(s.reserved, 0), coalesce(s.version, 0), coalesce(m.total, 0), coalesce(m.reserved_after, 0),
       coalesce(m.version_after, 0), s.counted_at, s.last_occurred_at, s.updated_at, m.counted, m.last_occurred, m.recorded
from (
    select item_id, location_id, lot, on_hand, reserved, version, counted_at, last_occurred_at, updated_at
    from stock_levels
    where tenant_id = %(tenant)s
) as s
full join (
    select item_id, location_id, lot, sum(quantity) as total, max(version_after) as version_after,
           (array_agg(reserved_after order by version_after desc))[1] as reserved_after,
           max(occurred_at) filter (where kind = 'count') as counted, max(occurred_at) as last_occurred,
           max(recorded_at) as recorded
    from stock_movements
    where tenant_id = %(tenant)s
    group by item_id, location_id, lot
) as m using (item_id, location_id, lot)
order by 1, 2
"""
