"""`/v1/locations`: where stock is."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue import listing
from twh_server.catalogue.listing import Archived, LocationFilter
from twh_server.catalogue.location_commands import (
    ArchiveLocation,
    CreateLocation,
    PutLocation,
    RestoreLocation,
    UpdateLocation,
)
from twh_server.catalogue.location_tree import DEPTH_MAX
from twh_server.catalogue.locations import KINDS, Location, LocationRow
from twh_server.catalogue.putting import Put
from twh_server.catalogue.refusals import (
    CodeTaken,
    InvalidLocation,
    LocationArchived,
    LocationHasParts,
    LocationHasStock,
    LocationNotFound,
)
from twh_server.database.identifiers import LOCATION
from twh_server.http.operation import Call, created, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Body, Name, PageQuery, Query, Ref, Time, changes_of
from twh_server.journal.commands import Answer
from twh_server.journal.versions import AlreadyExists, StaleVersion

KIND_DESCRIPTION = f"One of {', '.join(KINDS)}."
PARENT_DESCRIPTION = f"The id or code of the location that it is part of; at most {DEPTH_MAX} deep."
SELLABLE_DESCRIPTION = "Whether what is there can be sold from there: true, unless its kind is transit or quarantine."


class LocationContent(Body):
    """All that can be said of a location besides its code; what is left out has its default."""

    name: Name
    kind: str = Field("warehouse", max_length=32, description=KIND_DESCRIPTION)
    parent: Ref | None = Field(None, description=PARENT_DESCRIPTION)
    sellable: bool | None = Field(None, description=SELLABLE_DESCRIPTION)


class NewLocation(LocationContent):
    """A location to be created."""

    code: str = Field(max_length=256, description="Its code: 1 to 64 printable characters, unique in the tenant.")


class LocationChanges(Body):
    """What is to be changed of a location; what is left out stays."""

    name: Name = Field(default="")
    kind: str = Field("warehouse", max_length=32, description=KIND_DESCRIPTION)
    parent: Ref | None = Field(None, description=f"{PARENT_DESCRIPTION} null: of none.")
    sellable: bool = Field(default=True, description="Whether what is there can be sold from there.")


class LocationQuery(PageQuery):
    """Which locations."""

    kind: str | None = Field(None, max_length=32, description=KIND_DESCRIPTION)
    parent: Ref | None = Field(None, description="The id or code of the location that they are part of.")
    within: Ref | None = Field(
        None, description="The id or code of the location that they lie within, at whatever depth."
    )
    changed_since: Time | None = Field(
        None,
        description="Locations that changed at this time or later, archived ones too, in the order of their changes.",
    )
    archived: Archived | None = Field(
        None, description="Whether archived locations are wanted: false, unless `changed_since` is given."
    )

    def wanted(self) -> LocationFilter:
        """The filter that these parameters are."""
        return LocationFilter(
            kind=self.kind,
            parent=self.parent,
            within=self.within,
            changed_since=self.changed_since,
            archived=self.archived or ("any" if self.changed_since else "false"),
        )


class LocationList(msgspec.Struct, frozen=True):
    """A page of locations."""

    data: list[Location]
    next_cursor: str | None


@operation(
    id="locations.create",
    method="POST",
    path="/v1/locations",
    scope="locations:write",
    body=NewLocation,
    answers={201: Location},
    key="honoured",
    refusals=(CodeTaken, LocationArchived, InvalidLocation),
    example={"code": "MAIN-A-1", "name": "Main warehouse, shelf A, bin 1", "kind": "bin", "parent": "MAIN"},
)
async def create(call: Call[NewLocation, Query]) -> Answer:
    """Create a location."""
    return await call.submit(CreateLocation(code=call.body.code, **values_of(call.body)), _created)


@operation(
    id="locations.list",
    method="GET",
    path="/v1/locations",
    scope="locations:read",
    query=LocationQuery,
    answers={200: LocationList},
)
async def list_(call: Call[Any, LocationQuery]) -> Answer:
    """List locations, oldest first; with `changed_since`, in the order of their changes."""
    wanted, limit = call.query.wanted(), call.query.limit
    changes = wanted.changed_since is not None
    after: Any = key_of(call.query.cursor, tuple[datetime, UUID] if changes else UUID)
    found = await listing.list_locations(call.rooms.database, call.tenant, wanted, after=after, limit=limit + 1)
    page, cursor = paged(found, limit, _change_of if changes else _id_of)
    return shown(LocationList([location.shown() for location in page], cursor))


@operation(
    id="locations.get",
    method="GET",
    path="/v1/locations/{location}",
    scope="locations:read",
    answers={200: Location},
    conditional=True,
    refusals=(LocationNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read a location, by its id or code."""
    return _shown(await listing.get_location(call.rooms.database, call.tenant, call.path["location"]))


@operation(
    id="locations.put",
    method="PUT",
    path="/v1/locations/{location}",
    scope="locations:write",
    body=LocationContent,
    answers={200: Location, 201: Location},
    key="honoured",
    conditional=True,
    refusals=(LocationNotFound, AlreadyExists, StaleVersion, LocationArchived, InvalidLocation),
    example={"name": "Main warehouse", "kind": "warehouse"},
)
async def put(call: Call[LocationContent, Query]) -> Answer:
    """Create the location of this code, or replace it.

    What is left out has its default, as in a new location. What changes nothing is no change: no new version, no event.
    With `If-None-Match: *`, it is created or nothing is done; with `If-Match`, it is replaced only at the version that
    you read.
    """
    command = PutLocation(
        location=call.path["location"], if_match=call.if_match, create_only=call.create_only, **values_of(call.body)
    )
    return await call.submit(command, _put)


@operation(
    id="locations.update",
    method="PATCH",
    path="/v1/locations/{location}",
    scope="locations:write",
    body=LocationChanges,
    answers={200: Location},
    key="honoured",
    conditional=True,
    refusals=(LocationNotFound, StaleVersion, LocationArchived, InvalidLocation),
    example={"name": "Main warehouse, hall 2"},
)
async def update(call: Call[LocationChanges, Query]) -> Answer:
    """Change some values of a location.

    Its code is part of its history and stays. With `If-Match`, it is changed only at the version that you read.
    """
    command = UpdateLocation(location=call.path["location"], changes=changes_of(call.body), if_match=call.if_match)
    return await call.submit(command, _shown)


@operation(
    id="locations.archive",
    method="POST",
    path="/v1/locations/{location}/archive",
    scope="locations:write",
    answers={200: Location},
    key="honoured",
    conditional=True,
    refusals=(LocationNotFound, StaleVersion, LocationHasStock, LocationHasParts),
)
async def archive(call: Call[Any, Query]) -> Answer:
    """Retire a location that has no stock left, and of which nothing in use is part.

    It keeps its history and its code, and takes no further entries or changes until it is restored.
    """
    return await call.submit(ArchiveLocation(location=call.path["location"], if_match=call.if_match), _shown)


@operation(
    id="locations.restore",
    method="POST",
    path="/v1/locations/{location}/restore",
    scope="locations:write",
    answers={200: Location},
    key="honoured",
    conditional=True,
    refusals=(LocationNotFound, StaleVersion, LocationArchived),
)
async def restore(call: Call[Any, Query]) -> Answer:
    """Take an archived location back into use, unless what it is part of is archived."""
    return await call.submit(RestoreLocation(location=call.path["location"], if_match=call.if_match), _shown)


def values_of(body: LocationContent) -> dict[str, Any]:
    """What a body says of a location besides its code, as commands take it."""
    return {"name": body.name, "kind": body.kind, "parent": body.parent, "sellable": body.sellable}


def _created(location: LocationRow) -> Answer:
    return created(f"/v1/locations/{LOCATION.text(location.id)}", tag=location.etag)


def _shown(location: LocationRow) -> Answer:
    return shown(location.shown(), tag=location.etag)


def _put(put: Put[LocationRow]) -> Answer:
    return _created(put.thing) if put.created else _shown(put.thing)


def _id_of(location: LocationRow) -> UUID:
    return location.id


def _change_of(location: LocationRow) -> tuple[datetime, UUID]:
    return location.updated_at, location.id
