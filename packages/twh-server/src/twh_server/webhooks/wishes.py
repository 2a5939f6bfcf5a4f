"""What an endpoint wishes for beyond kinds, judged by what an event is about: items, locations, attributes; and its lanes.

An event is wanted when one of its concerns is: one movement that is of a wanted item at a wanted location. Attributes are
those that the item has when it is judged, not those that it had.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from twh_server.catalogue.attributes import same
from twh_server.events.about import Concern, items_of
from twh_server.events.kinds import noun_of

Attributes = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event to be judged: its kind, and what it concerns."""

    sequence: int
    kind: str
    concerns: Sequence[Concern]

    @property
    def items(self) -> Sequence[UUID]:
        """The items that it concerns, each once."""
        return items_of(self.concerns)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What one endpoint wants. Empty is everything."""

    endpoint: UUID
    since_sequence: int
    kinds: frozenset[str]
    items: frozenset[UUID]
    locations: frozenset[UUID]
    attributes: Attributes
    ordering: Literal["none", "item", "endpoint"]

    def lanes(self, told: Told) -> Sequence[UUID]:
        """What the order of its delivery is kept within."""
        match self.ordering:
            case "item":
                return list(told.items)
            case "endpoint":
                return [self.endpoint]
            case "none":
                return []


def wants(wishes: Wishes, told: Told, attributes: Mapping[UUID, Attributes]) -> bool:
    """Whether an endpoint is to be sent an event; `attributes` are those of the items that it concerns."""
    if told.sequence <= wishes.since_sequence or not _is_of(told.kind, wishes.kinds):
        return False
    if not (wishes.items or wishes.locations or wishes.attributes):
        return True
    return any(_is_wanted(wishes, concern, attributes) for concern in told.concerns)


def _is_of(kind: str, kinds: frozenset[str]) -> bool:
    return not kinds or kind in kinds or f"{noun_of(kind)}.*" in kinds


def _is_wanted(wishes: Wishes, concern: Concern, attributes: Mapping[UUID, Attributes]) -> bool:
    if wishes.items and concern.item not in wishes.items:
        return False
    if wishes.locations and concern.location not in wishes.locations:
        return False
    if not wishes.attributes:
        return True
    return concern.item is not None and _has(attributes.get(concern.item, {}), wishes.attributes.items())


def _has(attributes: Attributes, wanted: Iterable[tuple[str, Any]]) -> bool:
    return all(name in attributes and same(attributes[name], value) for name, value in wanted)
