"""Counts: what a late arrival has to know of them. What was counted contains whatever had happened before."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from twh_server.catalogue import names
from twh_server.database.engine import Row
from twh_server.database.identifiers import ITEM, LOCATION
from twh_server.journal.commands import Facts, Index, Read
from twh_server.ledger.levels import WANTED_ITEM, WANTED_LOCATION, LevelKey


class Count(NamedTuple):
    """When a level was counted, and the movement that says so. They sort by time."""

    occurred_at: datetime
    movement: UUID


COUNTED: Index[LevelKey, Sequence[Count]] = Index("counts")
"""Of each level, counts that are known; among them the first after each time that was asked for."""


def asked(item: str, location: str, occurred_at: datetime) -> tuple[Read, Row]:
    """The look-up of the first count of a level after a time."""
    return COUNTS, (*names.reference(item, ITEM), *names.reference(location, LOCATION), occurred_at)


def first_after(facts: Facts, key: LevelKey, occurred_at: datetime) -> Count | None:
    """The count of a level that contains what happened at a time; None when none is known."""
    return min((count for count in facts.of(COUNTED).get(key, ()) if count.occurred_at > occurred_at), default=None)


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    known = facts.of(COUNTED)
    for *place, occurred_at, movement in rows:
        key: LevelKey = (place[0], place[1], place[2])
        known[key] = [*known.get(key, ()), Count(occurred_at, movement)]


COUNTS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json)
     as wanted (item_id uuid, sku text, location_id uuid, code text, occurred_at timestamptz)
cross join lateral {WANTED_ITEM} as i
cross join lateral {WANTED_LOCATION} as l
cross join lateral (
    select item_id, location_id, lot, occurred_at, id
    from stock_movements
    where tenant_id = %(tenant)s and item_id = i.id and location_id = l.id and lot = '' and kind = 'count'
      and occurred_at > wanted.occurred_at
    order by occurred_at, id
    limit 1
) as found
""",
    enter=_enter,
)
