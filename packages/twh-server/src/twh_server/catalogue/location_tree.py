"""Locations within locations: a bin on a shelf in an aisle of a warehouse, at most eight deep and never in a circle."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from twh_server.catalogue import locations, names
from twh_server.catalogue.locations import LocationRow
from twh_server.database.engine import Row
from twh_server.database.identifiers import LOCATION
from twh_server.journal.commands import Facts, Index, Read
from twh_server.refusals import Problem

DEPTH_MAX = 8

PARENT: Index[UUID, UUID | None] = Index("what a location is part of")
PARTS_IN_USE: Index[UUID, int] = Index("locations in use, by what they are part of")

Known = list[tuple[Index[Any, Any], Any, Any]]


def fault_of(facts: Facts, location: UUID | None, parent: UUID) -> Problem | None:
    """What speaks against a location (None: a new one) being part of another."""
    above = list(_upward(facts, parent))
    if location in above:
        message = "A location is no part of itself, nor of what is part of it."
        return Problem(pointer="/parent", code="location_within_itself", message=message)
    if len(above) + (1 if location is None else _height(facts, location)) > DEPTH_MAX:
        message = f"Locations lie within each other at most {DEPTH_MAX} deep."
        return Problem(pointer="/parent", code="too_deep", message=message)
    return None


def place(location: str) -> dict[str, Any]:
    """The values of `PLACES_WITHIN`: a location by its id or code."""
    identifier, code = names.reference(location, LOCATION)
    return {"place": identifier, "place_code": code}


def known(before: LocationRow | None, after: LocationRow, facts: Facts) -> Known:
    """What later commands of a batch must know of where a location is now."""
    news: Known = [(PARENT, after.id, after.parent_id)]
    parts: dict[UUID, int] = {}
    for location, change in ((before, -1), (after, 1)):
        if location is not None and location.parent_id is not None and location.archived_at is None:
            # What has no count yet was not asked for, or began in this very batch with nothing.
            so_far = parts.get(location.parent_id, facts.of(PARTS_IN_USE).get(location.parent_id, 0))
            parts[location.parent_id] = so_far + change
    return news + [(PARTS_IN_USE, parent, count) for parent, count in parts.items()]


def _upward(facts: Facts, location: UUID) -> Iterator[UUID]:
    """A location and everything that it is part of."""
    above: UUID | None = location
    while above is not None:
        yield above
        above = facts.of(PARENT).get(above)


def _height(facts: Facts, location: UUID) -> int:
    """How many levels there are from a location to its lowest part; 1 when it has none."""
    parts: dict[UUID | None, list[UUID]] = {}
    for part, parent in facts.of(PARENT).items():
        parts.setdefault(parent, []).append(part)
    height, level = 0, [location]
    while level:
        height += 1
        level = [part for whole in level for part in parts.get(whole, ())]
    return height


def _enter_parents(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(PARENT).update(rows)


def _enter_parts(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(PARTS_IN_USE).update(rows)


def _walk(step: str) -> str:
    # `offset 0` keeps each step a look-up by the key that it names.
    return f"""
with recursive walked (id, parent_id) as (
    select begun.id, begun.parent_id
    from json_to_recordset(%(wanted)s::json) as wanted (id uuid, code text)
    cross join lateral {locations.wanted("id, parent_id")} as begun
    union
    select next.id, next.parent_id
    from walked
    cross join lateral (
        select id, parent_id
        from locations
        where tenant_id = %(tenant)s and {step}
        offset 0
    ) as next
)
select id, parent_id
from walked
"""


LOCATIONS_ABOVE = Read(sql=_walk("id = walked.parent_id"), enter=_enter_parents)
LOCATIONS_BELOW = Read(sql=_walk("parent_id = walked.id"), enter=_enter_parents)

PARENTS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid, code text)
cross join lateral {locations.wanted("parent_id")} as part
cross join lateral (
    select {locations.COLUMNS}
    from locations
    where tenant_id = %(tenant)s and id = part.parent_id
    limit 1
) as found
""",
    enter=locations.enter,
)

PARTED_LOCATIONS = Read(
    sql=f"""
select whole.id, parts.in_use
from json_to_recordset(%(wanted)s::json) as wanted (id uuid, code text)
cross join lateral {locations.wanted("id")} as whole
cross join lateral (
    select count(*) as in_use
    from locations
    where tenant_id = %(tenant)s and parent_id = whole.id and archived_at is null
) as parts
""",
    enter=_enter_parts,
)

PLACES_WITHIN = f"""
with recursive place (id) as (
    select id
    from {names.by_id_or_name("locations", "id", id_is="%(place)s", name="code", name_is="%(place_code)s")} as whole
    union all
    select part.id
    from place
    cross join lateral (
        select id
        from locations
        where tenant_id = %(tenant)s and parent_id = place.id
        order by id
        offset 0
    ) as part
)
select id
from place
"""
"""SQL for a condition: the id of a location, and of everything that lies within it."""
