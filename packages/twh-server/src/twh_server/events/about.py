"""What an event is about: which items and which locations, by what its data names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from twh_server.database.identifiers import ITEM, LOCATION, Kind
from twh_server.events.kinds import Event, noun_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """An item at a location, or one of them alone."""

    item: UUID | None = None
    location: UUID | None = None


def concerns_of(event: Event) -> tuple[Concern, ...]:
    """What an event concerns, each once: of an entry, what each movement moved. Empty where it is about neither."""
    told = _told.decode(event.data)
    match noun_of(event.type):
        case "item":
            found = [Concern(item=_id(told.id, ITEM))]
        case "location":
            found = [Concern(location=_id(told.id, LOCATION))]
        case _:
            places = told.movements or ([told] if told.item or told.location else [])
            found = [
                Concern(
                    item=_id(place.item.id, ITEM) if place.item else None,
                    location=_id(place.location.id, LOCATION) if place.location else None,
                )
                for place in places
            ]
    return tuple(dict.fromkeys(found))


def items_of(concerns: Iterable[Concern]) -> tuple[UUID, ...]:
    """The items among what an event concerns, each once, in the order in which it names them."""
    return tuple(dict.fromkeys(concern.item for concern in concerns if concern.item))


def subject_in(event: Event) -> str | None:
    """The id of what an event is about: what was changed, the entry that was recorded, the item that runs low."""
    if event.subject is not None:
        return event.subject
    told = _told.decode(event.data)
    return told.item.id if told.item else told.id


def _id(text: str | None, kind: Kind[Any]) -> UUID | None:
    identifier: UUID | None = kind.parse(text or "")
    return identifier


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Place(msgspec.Struct, frozen=True):
    item: _Named | None = None
    location: _Named | None = None


class _Told(msgspec.Struct, frozen=True):
    """Of an event's data, what may name an item or a location."""

    id: str | None = None
    item: _Named | None = None
    location: _Named | None = None
    movements: tuple[_Place, ...] = ()


_told = msgspec.json.Decoder(_Told)
