"""What the ledger refuses."""

from collections.abc import Sequence
from datetime import datetime

from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.refusals import Fact, Problem, Refusal, code_of, title_of


class InvalidEntry(Refusal):
    """The entry does not make sense.

    When all that is wrong is of one sort, that sort is the code (`item_not_found`, `invalid_quantity` …).
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        self._codes = {error.code for error in errors}
        detail = errors[0].message if len(errors) == 1 else f"{len(errors)} values cannot be used; each is in errors."
        super().__init__(detail, errors=errors)

    @property
    def code(self) -> str:
        """The one code of all errors, or else `invalid_entry`."""
        return next(iter(self._codes)) if len(self._codes) == 1 else code_of(type(self))

    @property
    def title(self) -> str:
        """What the code says."""
        return ENTRY_PROBLEMS.get(self.code, title_of(type(self)))


ENTRY_PROBLEMS = {
    code_of(ItemNotFound): title_of(ItemNotFound),
    code_of(LocationNotFound): title_of(LocationNotFound),
    "unknown_kind": "There is no such kind of entry",
    "reason_required": "This kind of entry needs a reason",
    "reason_unknown": "The tenant has no such reason for adjustments",
    "invalid_quantity": "The quantity cannot be used",
    "too_many_decimals": "The quantity has more decimals than the item's scale",
    "quantity_out_of_range": "The quantity or the level would be too large",
    "same_location": "Source and target are the same location",
    "too_many_lines": "An entry has 1 to 1,000 lines",
    "field_missing": "A line lacks a field that this kind of entry needs",
    "field_not_allowed": "A line has a field that this kind of entry does not take",
    "occurred_at_out_of_range": "The time lies outside the window that the tenant allows",
}
"""The sorts of problems that an entry's lines can have."""


class StaleQuantity(Refusal):
    """The stock is not what you expected."""

    def __init__(self, errors: Sequence[Problem], **facts: Fact) -> None:
        super().__init__(
            "The level has changed since you read it. The current value is in the answer.", errors=errors, **facts
        )


class InsufficientStock(Refusal):
    """There is not enough stock to take."""

    def __init__(self, errors: Sequence[Problem], **facts: Fact) -> None:
        super().__init__(errors[0].message, errors=errors, **facts)


class EntryPredatesCount(Refusal):
    """The entry is older than a count of the same stock."""

    def __init__(self, errors: Sequence[Problem], counted_at: datetime) -> None:
        super().__init__(
            "What was counted already contains it. Record a new count if the count was wrong.",
            errors=errors,
            counted_at=counted_at.isoformat().replace("+00:00", "Z"),
        )


class CountIsBackdated(Refusal):
    """Stock moved after this count was taken."""

    def __init__(self, errors: Sequence[Problem], moved_at: datetime) -> None:
        super().__init__(
            "A count has to be the newest thing that happened to its stock. Count again.",
            errors=errors,
            moved_at=moved_at.isoformat().replace("+00:00", "Z"),
        )


class EntryNotFound(Refusal):
    """There is no such entry."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"No entry has the id {entry!r}.", entry=entry)


class MovementNotFound(Refusal):
    """There is no such movement."""

    def __init__(self, movement: str) -> None:
        super().__init__(f"No movement has the id {movement!r}.", movement=movement)


class EntryAlreadyReversed(Refusal):
    """The entry was reversed before."""

    def __init__(self, entry: str, reversed_by: str) -> None:
        super().__init__(
            "An entry is reversed once. Reverse the reversal to undo it.", entry=entry, reversed_by=reversed_by
        )
