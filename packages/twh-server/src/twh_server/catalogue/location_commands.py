"""What can be done to locations: create, update, archive."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twh_server.catalogue import locations, names
from twh_server.catalogue.locations import STOCKED_LOCATION, LocationRow
from twh_server.catalogue.refusals import (
    CodeTaken,
    InvalidLocation,
    LocationArchived,
    LocationHasStock,
    LocationNotFound,
)
from twh_server.database.engine import Row
from twh_server.database.identifiers import LOCATION, LocationId
from twh_server.events.kinds import News
from twh_server.journal.commands import Effects, Facts, Moment, Read, Write
from twh_server.journal.versions import require
from twh_server.refusals import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateLocation:
    """Create a location under a code that nobody ever used."""

    code: str
    name: str
    kind: str = "warehouse"
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The code's owner."""
        yield locations.LOCATIONS, (None, self.code)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The new location. Raises CodeTaken or InvalidLocation."""
        problems = _problems(self.kind)
        if fault := names.fault_of(self.code, LOCATION):
            problems.append(Problem(pointer="/code", code="invalid_name", message=f"A code {fault}."))
        if problems:
            raise InvalidLocation(problems)
        if self.code in facts.of(locations.LOCATION_BY_CODE):
            raise CodeTaken(self.code)
        location = LocationRow(
            id=LocationId(moment.mint()),
            code=self.code,
            name=self.name,
            kind=self.kind,
            archived_at=None,
            version=1,
            created_at=moment.recorded_at,
            updated_at=moment.recorded_at,
        )
        return _stored(location, "location.created")


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateLocation:
    """Change some values of a location; what is not named stays."""

    location: str
    changes: Mapping[str, Any]
    """Any of name and kind."""
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The location."""
        yield locations.asked(self.location)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The changed location. Raises LocationNotFound, StaleVersion, LocationArchived or InvalidLocation."""
        location = _current(facts, self.location, self.if_match)
        if location.archived_at:
            raise LocationArchived(location.code)
        if problems := _problems(self.changes.get("kind", location.kind)):
            raise InvalidLocation(problems)
        changed = msgspec.structs.replace(location, **self.changes)
        if changed == location:
            return Effects(result=location)
        changed = msgspec.structs.replace(changed, version=location.version + 1, updated_at=moment.recorded_at)
        return _stored(changed, "location.updated")


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveLocation:
    """Retire a location that has no stock left. Its history and its code stay."""

    location: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The location, and whether it has stock."""
        yield locations.asked(self.location)
        yield locations.STOCKED_LOCATIONS, names.reference(self.location, LOCATION)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The archived location. Raises LocationNotFound, StaleVersion or LocationHasStock."""
        location = _current(facts, self.location, self.if_match)
        if location.archived_at:
            return Effects(result=location)
        if facts.of(STOCKED_LOCATION).get(location.id):
            raise LocationHasStock(location.code)
        archived = msgspec.structs.replace(
            location, archived_at=moment.recorded_at, version=location.version + 1, updated_at=moment.recorded_at
        )
        return _stored(archived, "location.archived")


def _current(facts: Facts, text: str, if_match: Sequence[str] | None) -> LocationRow:
    location = locations.find(facts, text)
    if location is None:
        raise LocationNotFound(text)
    require(if_match, tag=location.etag, version=location.version)
    return location


def _problems(kind: str) -> list[Problem]:
    if kind in locations.KINDS:
        return []
    message = f"A location is one of {', '.join(locations.KINDS)}."
    return [Problem(pointer="/kind", code="unknown_kind", message=message)]


def _stored(location: LocationRow, kind: str) -> Effects[LocationRow]:
    news = News(kind=kind, data=msgspec.json.encode(location.shown()))
    row = tuple(getattr(location, column) for column in STORE_LOCATIONS.columns)
    return Effects(result=location, rows=[(STORE_LOCATIONS, row)], news=[news], known=locations.known(location))


STORE_LOCATIONS = Write(
    sql="""
insert into locations (tenant_id, id, code, name, kind, archived_at, version, created_at, updated_at)
select %(tenant)s, id, code, name, kind, archived_at, version, created_at, updated_at
from unnest(%(id)s::uuid[], %(code)s::text[], %(name)s::text[], %(kind)s::text[], %(archived_at)s::timestamptz[],
            %(version)s::bigint[], %(created_at)s::timestamptz[], %(updated_at)s::timestamptz[])
     as stored (id, code, name, kind, archived_at, version, created_at, updated_at)
on conflict (tenant_id, id) do update
set name = excluded.name, kind = excluded.kind, archived_at = excluded.archived_at, version = excluded.version,
    updated_at = excluded.updated_at
""",
    columns=tuple(locations.COLUMNS.split(", ")),
    rank=1,
    key=1,
)
