"""What can be done to a location: create, put, update, archive, restore."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twh_server.catalogue import location_tree, locations, names
from twh_server.catalogue.location_tree import PARTS_IN_USE
from twh_server.catalogue.location_writes import stored
from twh_server.catalogue.locations import LOCATION_BY_ID, NOT_SOLD_FROM, STOCKED_LOCATION, LocationRow
from twh_server.catalogue.putting import Put, put
from twh_server.catalogue.refusals import (
    CodeTaken,
    InvalidLocation,
    LocationArchived,
    LocationHasParts,
    LocationHasStock,
    LocationNotFound,
)
from twh_server.database.engine import Row
from twh_server.database.identifiers import LOCATION, LocationId
from twh_server.journal.commands import Effects, Facts, Moment, Read
from twh_server.journal.versions import require
from twh_server.refusals import Problem, code_of


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationValues:
    """All that can be said of a location besides its code; what is left out has its default."""

    name: str
    kind: str = "warehouse"
    parent: str | None = None
    """The id or code of the location that it is part of."""
    sellable: bool | None = None
    """Whether what is there can be sold from there; left out, the kind says it."""

    def values(self) -> dict[str, Any]:
        """What a change may change."""
        sellable = self.kind not in NOT_SOLD_FROM if self.sellable is None else self.sellable
        return {"name": self.name, "kind": self.kind, "parent": self.parent, "sellable": sellable}


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateLocation(LocationValues):
    """Create a location under a code that nobody ever used."""

    code: str
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The code's owner, and what it is to be part of."""
        yield locations.LOCATIONS, (None, self.code)
        yield from _asked_parent(self.parent)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The new location. Raises CodeTaken, InvalidLocation or LocationArchived (what it is to be part of)."""
        return _created(self.code, self, facts, moment)


@dataclass(frozen=True, kw_only=True, slots=True)
class PutLocation(LocationValues):
    """Have a location be so: create it, or replace all its values."""

    location: str
    """Its code; the id will do for one that exists."""
    if_match: Sequence[str] | None = None
    create_only: bool = False
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The location, what is part of it, and what it is to be part of."""
        yield from _asked_to_change(self.location, {"parent": self.parent})

    def decide(self, facts: Facts, moment: Moment) -> Effects[Put[LocationRow]]:
        """The location. Raises LocationNotFound, AlreadyExists, StaleVersion, LocationArchived or InvalidLocation.

        An id names no new location, and a condition on a version is none of what is not there.
        """
        location = locations.find(facts, self.location)
        if location is None:
            if self.if_match is not None or LOCATION.looks_like(self.location):
                raise LocationNotFound(self.location)
            return put(_created(self.location, self, facts, moment), created=True)
        require(self.if_match, tag=location.etag, version=location.version, create_only=self.create_only)
        return put(_changed(location, self.values(), facts, moment), created=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateLocation:
    """Change some values of a location; what is not named stays."""

    location: str
    changes: Mapping[str, Any]
    """Any of name, kind, parent (an id, a code or None) and sellable."""
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The location, and where it is to be moved, what is part of it and what it is to be part of."""
        yield from _asked_to_change(self.location, self.changes)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The changed location. Raises LocationNotFound, StaleVersion, LocationArchived or InvalidLocation."""
        return _changed(_current(facts, self.location, self.if_match), self.changes, facts, moment)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveLocation:
    """Retire a location that has no stock left and no parts in use. Its history and its code stay."""

    location: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The location, whether it has stock, and whether anything in use is part of it."""
        yield locations.asked(self.location)
        yield locations.STOCKED_LOCATIONS, names.reference(self.location, LOCATION)
        yield location_tree.PARTED_LOCATIONS, names.reference(self.location, LOCATION)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The archived location. Raises LocationNotFound, StaleVersion, LocationHasStock or LocationHasParts."""
        location = _current(facts, self.location, self.if_match)
        if location.archived_at:
            return Effects(result=location)
        if facts.of(STOCKED_LOCATION).get(location.id):
            raise LocationHasStock(location.code)
        if parts := facts.of(PARTS_IN_USE).get(location.id):
            raise LocationHasParts(location.code, parts)
        archived = _next(location, moment, archived_at=moment.recorded_at)
        return stored(archived, "location.archived", before=location, facts=facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreLocation:
    """Take an archived location back into use."""

    location: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The location, and what it is part of."""
        yield locations.asked(self.location)
        yield location_tree.PARENTS, names.reference(self.location, LOCATION)

    def decide(self, facts: Facts, moment: Moment) -> Effects[LocationRow]:
        """The location. Raises LocationNotFound, StaleVersion or LocationArchived (what it is part of)."""
        location = _current(facts, self.location, self.if_match)
        if location.archived_at is None:
            return Effects(result=location)
        parent = facts.of(LOCATION_BY_ID)[location.parent_id] if location.parent_id else None
        if parent and parent.archived_at:
            raise LocationArchived(parent.code)
        restored = _next(location, moment, archived_at=None)
        return stored(restored, "location.restored", before=location, facts=facts)


def _current(facts: Facts, text: str, if_match: Sequence[str] | None) -> LocationRow:
    location = locations.find(facts, text)
    if location is None:
        raise LocationNotFound(text)
    require(if_match, tag=location.etag, version=location.version)
    return location


def _asked_parent(parent: str | None) -> Iterable[tuple[Read, Row]]:
    if parent is not None:
        yield locations.asked(parent)
        yield location_tree.LOCATIONS_ABOVE, names.reference(parent, LOCATION)


def _asked_to_change(location: str, changes: Mapping[str, Any]) -> Iterable[tuple[Read, Row]]:
    yield locations.asked(location)
    if changes.get("parent") is not None:
        yield location_tree.LOCATIONS_BELOW, names.reference(location, LOCATION)
        yield from _asked_parent(changes["parent"])


def _created(code: str, values: LocationValues, facts: Facts, moment: Moment) -> Effects[LocationRow]:
    problems: list[Problem] = []
    kept = _kept(values.values(), None, problems, facts)
    if fault := names.fault_of(code, LOCATION):
        problems.append(Problem(pointer="/code", code="invalid_name", message=f"A code {fault}."))
    if problems:
        raise InvalidLocation(problems)
    if code in facts.of(locations.LOCATION_BY_CODE):
        raise CodeTaken(code)
    location = LocationRow(
        id=LocationId(moment.mint()),
        code=code,
        archived_at=None,
        version=1,
        created_at=moment.recorded_at,
        updated_at=moment.recorded_at,
        **kept,
    )
    return stored(location, "location.created", before=None, facts=facts)


def _changed(location: LocationRow, changes: Mapping[str, Any], facts: Facts, moment: Moment) -> Effects[LocationRow]:
    if location.archived_at:
        raise LocationArchived(location.code)
    problems: list[Problem] = []
    kept = _kept(changes, location, problems, facts)
    if problems:
        raise InvalidLocation(problems)
    changed = msgspec.structs.replace(location, **kept)
    if changed == location:
        return Effects(result=location)
    return stored(_next(changed, moment), "location.updated", before=location, facts=facts)


def _kept(
    values: Mapping[str, Any], location: LocationRow | None, problems: list[Problem], facts: Facts
) -> dict[str, Any]:
    """The values as a location has them; what is wrong with them goes to the problems. Raises LocationArchived."""
    kept = {name: value for name, value in values.items() if name != "parent"}
    if "kind" in values and values["kind"] not in locations.KINDS:
        message = f"A location is one of {', '.join(locations.KINDS)}."
        problems.append(Problem(pointer="/kind", code="unknown_kind", message=message))
    if "parent" not in values:
        return kept
    text = values["parent"]
    parent = None if text is None else locations.find(facts, text)
    if parent is None:
        if text is not None:
            message = f"No location has the id or code {text!r}."
            problems.append(Problem(pointer="/parent", code=code_of(LocationNotFound), message=message))
        return {**kept, "parent_id": None, "parent_code": None}
    if location is None or parent.id != location.parent_id:
        if parent.archived_at:
            raise LocationArchived(parent.code)
        if fault := location_tree.fault_of(facts, location.id if location else None, parent.id):
            problems.append(fault)
    return {**kept, "parent_id": parent.id, "parent_code": parent.code}


def _next(location: LocationRow, moment: Moment, **changes: Any) -> LocationRow:
    return msgspec.structs.replace(location, version=location.version + 1, updated_at=moment.recorded_at, **changes)
