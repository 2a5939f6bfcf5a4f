"""Identifiers: UUIDv7 inside, a prefix and Crockford base32 outside (the TypeID form).

The prefix says what a thing is, so an item's id is never taken for a location's, in a log or in the type checker.
"""

import secrets
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Generic, NewType, TypeVar, cast
from uuid import UUID

TenantId = NewType("TenantId", UUID)
KeyId = NewType("KeyId", UUID)
ItemId = NewType("ItemId", UUID)
LocationId = NewType("LocationId", UUID)
EntryId = NewType("EntryId", UUID)
MovementId = NewType("MovementId", UUID)
EventId = NewType("EventId", UUID)
EndpointId = NewType("EndpointId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
JobId = NewType("JobId", UUID)
RequestId = NewType("RequestId", UUID)

Id = TypeVar("Id", bound=UUID)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SUFFIX_LENGTH = 26
_LOW_BITS_SPELLED = 60
_LOW_MASK = (1 << _LOW_BITS_SPELLED) - 1
_LOW_SHIFTS = tuple(range(_LOW_BITS_SPELLED - 10, -1, -10))


@lru_cache(maxsize=4096)
def _high_letters(number: int) -> str:
    """The first 14 letters: ids that were minted together have them in common."""
    return "".join([_ALPHABET[number >> shift & 31] for shift in range(65, -1, -5)])


class Kind(Generic[Id]):
    """One kind of identifier: `ITEM.text(uuid)` gives `itm_01h…`, `ITEM.parse(text)` the uuid or None."""

    __slots__ = ("_start", "prefix")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._start = f"{prefix}_"

    def text(self, identifier: Id) -> str:
        """The public form of an identifier."""
        high, low = _high_letters(identifier.int >> _LOW_BITS_SPELLED), identifier.int & _LOW_MASK
        last = "".join([_PAIRS[low >> shift & 1023] for shift in _LOW_SHIFTS])
        return f"{self._start}{high}{last}"

    def parse(self, text: str) -> Id | None:
        """The identifier that a text stands for; None when it is not one of this kind."""
        if not self.looks_like(text):
            return None
        number = 0
        for letter in text[len(self._start) :]:
            number = number << 5 | _DIGITS[letter]
        return cast(Id, UUID(int=number))

    def looks_like(self, text: str) -> bool:
        """Whether a text has the form of this kind of identifier (names for things may not have it)."""
        suffix = text.removeprefix(self._start)
        return (
            len(suffix) == _SUFFIX_LENGTH
            and len(text) == len(self._start) + _SUFFIX_LENGTH
            and suffix[0] <= "7"
            and all(letter in _DIGITS for letter in suffix)
        )


TENANT: Kind[TenantId] = Kind("ten")
KEY: Kind[KeyId] = Kind("key")
ITEM: Kind[ItemId] = Kind("itm")
LOCATION: Kind[LocationId] = Kind("loc")
ENTRY: Kind[EntryId] = Kind("ent")
MOVEMENT: Kind[MovementId] = Kind("mov")
EVENT: Kind[EventId] = Kind("evt")
ENDPOINT: Kind[EndpointId] = Kind("whe")
DELIVERY: Kind[DeliveryId] = Kind("dlv")
JOB: Kind[JobId] = Kind("job")
REQUEST: Kind[RequestId] = Kind("req")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_COUNTER_BITS = 74
_LOW_BITS = 62
_CHANCE_BYTES = 10
_CHANCE = (1 << 8 * _CHANCE_BYTES) - 1 & ~(0xF << 76 | 0b11 << 62)


class Minter:
    """Mints UUIDv7 that only ever grow, continuing after the last one that was minted before.

    The 74 bits behind the millisecond are a counter: a new millisecond starts it at random in its lower half, and
    each further id of that millisecond adds a random step, so ids sort in the order they were minted.
    """

    __slots__ = ("_counter", "_millisecond")

    def __init__(self, *, at: datetime, after: UUID | None = None) -> None:
        self._millisecond = int(at.timestamp() * 1000)
        self._counter = secrets.randbits(_COUNTER_BITS - 1)
        if after is None:
            return
        last_millisecond = after.int >> 80
        if last_millisecond >= self._millisecond:
            self._millisecond = last_millisecond
            self._counter = ((after.int >> 64) & 0xFFF) << _LOW_BITS | (after.int & ((1 << _LOW_BITS) - 1))
            self._step()

    def mint(self) -> UUID:
        """The next identifier."""
        counter, millisecond = self._counter, self._millisecond
        self._step()
        number = millisecond << 80 | _VERSION_AND_VARIANT
        return UUID(int=number | (counter >> _LOW_BITS) << 64 | counter & ((1 << _LOW_BITS) - 1))

    def _step(self) -> None:
        self._counter += 1 + (time.monotonic_ns() & 0xFFFF)
        if self._counter >> _COUNTER_BITS:
            self._millisecond += 1
            self._counter &= (1 << (_COUNTER_BITS - 1)) - 1


FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
"""Around every id: a page in their order always says behind which, so that the index of ids is the one that fits best."""

MINTED_AHEAD_MILLISECONDS = 2
"""An id may be minted for the millisecond after the time that is written beside it, when a batch mints very many."""


def first_id(moment: datetime, *, later: int = 0) -> UUID:
    """What no identifier is smaller than that was minted at a moment, some milliseconds later, or after that."""
    return UUID(int=((max(moment, _EPOCH) - _EPOCH) // timedelta(milliseconds=1) + later) << 80)


def last_of(at: datetime) -> UUID:
    """An identifier behind every one that was minted at this time or before."""
    return first_id(at, later=1)


def fresh() -> UUID:
    """One identifier of this moment, for rows whose order does not matter (tenants, keys, requests)."""
    chance = int.from_bytes(secrets.token_bytes(_CHANCE_BYTES)) & _CHANCE
    return UUID(int=time.time_ns() // 1_000_000 << 80 | _VERSION_AND_VARIANT | chance)
