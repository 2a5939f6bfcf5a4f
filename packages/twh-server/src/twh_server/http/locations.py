"""`/v1/locations`: where stock is."""

from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue import listing
from twh_server.catalogue.listing import Archived
from twh_server.catalogue.location_commands import ArchiveLocation, CreateLocation, UpdateLocation
from twh_server.catalogue.locations import KINDS, Location, LocationRow
from twh_server.catalogue.refusals import (
    CodeTaken,
    InvalidLocation,
    LocationArchived,
    LocationHasStock,
    LocationNotFound,
)
from twh_server.http.operation import Call, created, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Body, Name, PageQuery, Query, changes_of
from twh_server.journal.commands import Answer
from twh_server.journal.versions import StaleVersion

KIND_DESCRIPTION = f"One of {', '.join(KINDS)}."


class NewLocation(Body):
    """A location to be created."""

    code: str = Field(max_length=256, description="Its code: 1 to 64 printable characters, unique in the tenant.")
    name: Name
    kind: str = Field("warehouse", max_length=32, description=KIND_DESCRIPTION)


class LocationChanges(Body):
    """What is to be changed of a location; what is left out stays."""

    name: Name = Field(default="")
    kind: str = Field("warehouse", max_length=32, description=KIND_DESCRIPTION)


class LocationQuery(PageQuery):
    """Which locations."""

    kind: str | None = Field(None, max_length=32, description=KIND_DESCRIPTION)
    archived: Archived = Field("false", description="Whether archived locations are wanted.")


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
    refusals=(CodeTaken, InvalidLocation),
    example={"code": "MAIN", "name": "Main warehouse", "kind": "warehouse"},
)
async def create(call: Call[NewLocation, Query]) -> Answer:
    """Create a location."""
    return await call.submit(CreateLocation(**call.body.model_dump()), _created)


@operation(
    id="locations.list",
    method="GET",
    path="/v1/locations",
    scope="locations:read",
    query=LocationQuery,
    answers={200: LocationList},
)
async def list_(call: Call[Any, LocationQuery]) -> Answer:
    """List locations, oldest first."""
    query = call.query
    found = await listing.list_locations(
        call.rooms.database,
        call.tenant,
        kind=query.kind,
        archived=query.archived,
        after=key_of(query.cursor, UUID),
        limit=query.limit + 1,
    )
    page, cursor = paged(found, query.limit, lambda location: location.id)
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
    refusals=(LocationNotFound, StaleVersion, LocationHasStock),
)
async def archive(call: Call[Any, Query]) -> Answer:
    """Retire a location that has no stock left.

    It keeps its history and its code, and takes no further entries.
    """
    return await call.submit(ArchiveLocation(location=call.path["location"], if_match=call.if_match), _shown)


def _created(location: LocationRow) -> Answer:
    value = location.shown()
    return created(value, address=f"/v1/locations/{value.id}", tag=location.etag)


def _shown(location: LocationRow) -> Answer:
    return shown(location.shown(), tag=location.etag)
