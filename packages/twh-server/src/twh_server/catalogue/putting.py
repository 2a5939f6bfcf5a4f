"""What putting an item or a location came to."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from twh_server.journal.commands import Effects

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Put(Generic[T]):
    """The thing as it is now, whether it is new, and whether anything changed."""

    thing: T
    created: bool
    changed: bool


def put(effects: Effects[T], *, created: bool) -> Effects[Put[T]]:
    """The effects of creating or changing a thing, as those of putting it."""
    result = Put(thing=effects.result, created=created, changed=bool(effects.news))
    return Effects(result=result, rows=effects.rows, news=effects.news, known=effects.known)
