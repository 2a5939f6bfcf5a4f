"""What can be wrong with an entry: one class for each sort of problem that its lines can have."""

from __future__ import annotations

from twh.errors.tree import Unprocessable

__all__ = [
    "FieldMissing",
    "FieldNotAllowed",
    "InvalidEntry",
    "InvalidQuantity",
    "OccurredAtOutOfRange",
    "PackNotFound",
    "QuantityOutOfRange",
    "ReasonRequired",
    "ReasonUnknown",
    "SameLocation",
    "TooManyDecimals",
    "TooManyLines",
    "UnknownKind",
]


class InvalidEntry(Unprocessable):
    """The entry makes no sense: `.errors` names everything that is wrong; when all of it is of one sort, that is the class."""


class PackNotFound(InvalidEntry):
    """The item of a line has no pack of this name."""


class UnknownKind(InvalidEntry):
    """There is no such kind of entry."""


class ReasonRequired(InvalidEntry):
    """This kind of entry needs a reason."""


class ReasonUnknown(InvalidEntry):
    """The tenant has no such reason for adjustments; `.errors` names those it has."""


class InvalidQuantity(InvalidEntry):
    """A quantity cannot be used."""


class TooManyDecimals(InvalidEntry):
    """A quantity has more decimals than the item's scale."""


class QuantityOutOfRange(InvalidEntry):
    """A quantity or a level would be too large."""


class SameLocation(InvalidEntry):
    """Source and target are the same location."""


class TooManyLines(InvalidEntry):
    """An entry has 1 to 1,000 lines."""


class FieldMissing(InvalidEntry):
    """A line lacks a field that this kind of entry needs."""


class FieldNotAllowed(InvalidEntry):
    """A line has a field that this kind of entry does not take."""


class OccurredAtOutOfRange(InvalidEntry):
    """`occurred_at` lies outside the window that the tenant allows."""
