"""Locations: where stock is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.catalogue import names
from twh_server.database.engine import Row
from twh_server.database.identifiers import LOCATION, LocationId
from twh_server.journal.commands import Facts, Index, Read
from twh_server.journal.versions import etag

TAG = "lo"

LocationKind = Literal["warehouse", "store", "bin", "transit", "quarantine"]
KINDS: tuple[str, ...] = get_args(LocationKind)
NOT_SOLD_FROM = frozenset({"transit", "quarantine"})
"""The kinds of locations that are not sellable unless said otherwise."""


class LocationRef(msgspec.Struct, frozen=True):
    """A location, as other things name it."""

    id: str
    code: str


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place where stock is, known by its code."""

    id: Annotated[str, Meta(description="The location's id.", examples=["loc_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    code: Annotated[str, Meta(description="Its code: unique in the tenant, for ever.", examples=["MAIN"])]
    name: Annotated[str, Meta(examples=["Main warehouse"])]
    kind: Annotated[str, Meta(description=f"One of {', '.join(KINDS)}.", examples=["warehouse"])]
    # What has a default came with revision 0002: the events of before are read without it, by us and by the SDK.
    parent: Annotated[LocationRef | None, Meta(description="The location that it is part of.")] = None
    sellable: Annotated[bool, Meta(description="Whether what is there can be sold from there.")] = True
    archived_at: datetime | None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class LocationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A location as the database has it."""

    id: LocationId
    code: str
    name: str
    kind: str
    parent_id: LocationId | None = None
    parent_code: str | None = None
    sellable: bool = True
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """The entity tag of this version."""
        return etag(TAG, self.version)

    @property
    def ref(self) -> LocationRef:
        """How other things name it."""
        return LocationRef(LOCATION.text(self.id), self.code)

    @property
    def parent(self) -> LocationRef | None:
        """The location that it is part of."""
        if self.parent_id is None or self.parent_code is None:
            return None
        return LocationRef(LOCATION.text(self.parent_id), self.parent_code)

    def shown(self) -> Location:
        """The location as the outside sees it."""
        return Location(
            id=LOCATION.text(self.id),
            code=self.code,
            name=self.name,
            kind=self.kind,
            parent=self.parent,
            sellable=self.sellable,
            archived_at=self.archived_at,
            version=self.version,
            etag=self.etag,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


PARENT_CODE = """(
    select above.code
    from locations as above
    where above.tenant_id = locations.tenant_id and above.id = locations.parent_id
)"""
COLUMNS = f"id, code, name, kind, parent_id, {PARENT_CODE}, sellable, archived_at, version, created_at, updated_at"
"""Of `locations`, by that name. What a location is part of is told by its code, too, and codes are for ever."""

LOCATION_BY_ID: Index[UUID, LocationRow] = Index("locations by id")
LOCATION_BY_CODE: Index[str, LocationRow] = Index("locations by code")
STOCKED_LOCATION: Index[UUID, int] = Index("levels with stock, by location")


def location_of(row: Row) -> LocationRow:
    """A location from a row of `COLUMNS`."""
    return LocationRow(**dict(zip(LocationRow.__struct_fields__, row, strict=True)))


def known(location: LocationRow) -> list[tuple[Index[Any, Any], Any, Any]]:
    """What later commands of a batch must know of a new or changed location."""
    return [(LOCATION_BY_ID, location.id, location), (LOCATION_BY_CODE, location.code, location)]


def find(facts: Facts, text: str) -> LocationRow | None:
    """The location that an id or a code refers to."""
    identifier, code = names.reference(text, LOCATION)
    if identifier is not None:
        return facts.of(LOCATION_BY_ID).get(identifier)
    return facts.of(LOCATION_BY_CODE).get(code or "")


def asked(text: str) -> tuple[Read, Row]:
    """The look-up of one location by id or code."""
    return LOCATIONS, names.reference(text, LOCATION)


def enter(facts: Facts, rows: Sequence[Row]) -> None:
    """Put found locations into the facts."""
    for row in rows:
        for index, key, value in known(location_of(row)):
            facts.of(index)[key] = value


def called(text: str) -> dict[str, Any]:
    """The values of `THE_LOCATION`: a location by its id or code."""
    identifier, code = names.reference(text, LOCATION)
    return {"location": identifier, "code": code}


THE_LOCATION = names.by_id_or_name("locations", "id", id_is="%(location)s", name="code", name_is="%(code)s")
"""SQL for a `from`: the id of one location."""


def wanted(columns: str) -> str:
    """SQL for a `from`: the location that a row `wanted (id, code)` leads to."""
    return names.by_id_or_name("locations", columns, id_is="wanted.id", name="code", name_is="wanted.code")


LOCATIONS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid, code text)
cross join lateral {wanted(COLUMNS)} as found
""",
    enter=enter,
)


def _enter_stocked(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(STOCKED_LOCATION).update(rows)


STOCKED_LOCATIONS = Read(
    sql=f"""
select l.id, s.stocked
from json_to_recordset(%(wanted)s::json) as wanted (id uuid, code text)
cross join lateral {wanted("id")} as l
cross join lateral (
    select count(*) as stocked
    from stock_levels
    where tenant_id = %(tenant)s and location_id = l.id and (on_hand <> 0 or reserved <> 0)
) as s
""",
    enter=_enter_stocked,
)
