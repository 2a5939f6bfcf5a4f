"""The world as the oracle knows it: what is stocked, where it is, how much there is, and what has been told.

Quantities are fractions and times are Python's: nothing here is shared with the server, so nothing is wrong in both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from asked import Json

LIMIT = Fraction(10**15)
SLACK = timedelta(milliseconds=1)
"""By so much a batch may be later than the clock and the batch before it: by a microsecond for each batch."""

_QUANTITY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


class Mismatch(Exception):
    """The server did something else than the oracle says."""


class Refused(Exception):
    """What the oracle expects to be refused."""

    def __init__(
        self,
        status: int,
        code: str,
        facts: Json | None = None,
        *,
        errors: Sequence[tuple[str, str]] = (),
        tag: str | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.facts, self.errors, self.tag = status, code, facts or {}, list(errors), tag


@dataclass(kw_only=True)
class Level:
    """The stock of an item at a location."""

    on_hand: Fraction
    version: int
    counted_at: datetime | None
    last_occurred_at: datetime
    updated_at: datetime


Count = tuple[datetime, str]
"""When a level was counted, and the movement that says so."""


@dataclass(kw_only=True)
class World:
    """A tenant's world. Items, locations, entries and settings are kept in the form in which they are told."""

    tenant: str
    actor: Json
    now: datetime
    """The server's time: of its clock, or of the newest thing that was recorded, whichever is later."""
    recorded_at: datetime
    """Of the newest thing that was recorded."""
    settings: Json
    items: dict[str, Json] = field(default_factory=dict[str, Json])
    locations: dict[str, Json] = field(default_factory=dict[str, Json])
    levels: dict[tuple[str, str], Level] = field(default_factory=dict[tuple[str, str], Level])
    counts: dict[tuple[str, str], list[Count]] = field(default_factory=dict[tuple[str, str], list[Count]])
    entries: dict[str, Json] = field(default_factory=dict[str, Json])
    events: list[Json] = field(default_factory=list[Json])
    newest_id: str = ""

    def thing(self, things: dict[str, Json], name: str, text: str) -> Json | None:
        """The item or location that an id or else a SKU or code leads to."""
        return things.get(text) or next((thing for thing in things.values() if thing[name] == text), None)

    def item(self, text: str) -> Json | None:
        """An item by its id or SKU."""
        return self.thing(self.items, "sku", text)

    def location(self, text: str) -> Json | None:
        """A location by its id or code."""
        return self.thing(self.locations, "code", text)

    def stocked(self, part: int, identifier: str) -> bool:
        """Whether an item (part 0) or a location (part 1) has stock."""
        return any(level.on_hand for key, level in self.levels.items() if key[part] == identifier)

    def on_hand(self, item: str, location: str) -> Fraction:
        """What is on the shelf, by ids."""
        level = self.levels.get((item, location))
        return level.on_hand if level else Fraction(0)

    def new_id(self, given: Json, prefix: str) -> str:
        """The id that the server gave to something new: later than every id before it."""
        identifier = str(given.get("id"))
        letters = identifier.removeprefix(f"{prefix}_")
        if len(letters) != 26 or not identifier.startswith(f"{prefix}_") or letters <= self.newest_id:
            raise Mismatch(f"a new thing has the id {identifier!r} after …{self.newest_id!r}")
        self.newest_id = letters
        return identifier

    def moment(self, text: str) -> datetime:
        """The time that the server gave to something recorded now: never before what is known, hardly after it."""
        at = time_of(text)
        if not self.now <= at <= self.now + SLACK:
            raise Mismatch(f"recorded at {at}, while it is {self.now}")
        self.now = self.recorded_at = at
        return at

    def tell(self, kind: str, data: Json, *, subject: str | None = None, previous: Json | None = None) -> None:
        """An event that has to be in the feed."""
        event: Json = {
            "type": kind,
            "sequence": len(self.events) + 1,
            "timestamp": text_of(self.now),
            "actor": self.actor,
            "data": data,
        }
        if subject is not None:
            event["subject"] = subject
        if previous is not None:
            event["previous"] = previous
        self.events.append(event)


def quantity_of(text: str) -> Fraction | None:
    """The quantity that a text stands for."""
    return Fraction(text) if _QUANTITY.fullmatch(text) else None


def plain(quantity: Fraction) -> str:
    """The shortest text of a quantity."""
    billionths = quantity * 10**9
    digits = f"{abs(billionths.numerator):010d}"
    sign = "-" if quantity < 0 else ""
    return sign + f"{digits[:-9]}.{digits[-9:]}".rstrip("0").rstrip(".")


def decimals(quantity: Fraction) -> int:
    """How many decimals a quantity needs."""
    return next((scale for scale in range(18) if (quantity * 10**scale).denominator == 1), 18)


def time_of(text: str) -> datetime:
    """A time as it is told."""
    return datetime.fromisoformat(text).astimezone(UTC)


def text_of(time: datetime) -> str:
    """A time as it is told."""
    return time.isoformat().replace("+00:00", "Z")
