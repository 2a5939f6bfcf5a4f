"""How a location is kept: its row, and the news of what changed."""

from twh_server.catalogue import location_tree, locations
from twh_server.catalogue.locations import LocationRow
from twh_server.journal.commands import Effects, Facts, Write
from twh_server.journal.versions import news_of


def stored(location: LocationRow, kind: str, *, before: LocationRow | None, facts: Facts) -> Effects[LocationRow]:
    """The effects of a new or changed location."""
    news = news_of(kind, location.shown(), subject=location.id, before=before.shown() if before else None)
    known = [*locations.known(location), *location_tree.known(before, location, facts)]
    return Effects(result=location, rows=[(STORE_LOCATIONS, location)], news=[news], known=known)


STORE_LOCATIONS = Write(
    sql="""
insert into locations (tenant_id, id, code, name, kind, parent_id, sellable, archived_at, version, created_at,
                       updated_at)
select %(tenant)s, id, code, name, kind, parent_id, sellable, archived_at, version, created_at, updated_at
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, code text, name text, kind text, parent_id uuid, sellable boolean, archived_at timestamptz,
                version bigint, created_at timestamptz, updated_at timestamptz)
on conflict (tenant_id, id) do update
set name = excluded.name, kind = excluded.kind, parent_id = excluded.parent_id, sellable = excluded.sellable,
    archived_at = excluded.archived_at, version = excluded.version, updated_at = excluded.updated_at
""",
    rank=1,
    key=("id",),
)
