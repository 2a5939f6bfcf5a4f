"""What the ledger refuses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.refusals import Fact, Problem, Refusal, code_of, remedy_of, title_of


class InvalidEntry(Refusal):
    """The entry does not make sense.

    Each value that cannot be used is in `errors` with its pointer. When all that is wrong is of one sort, that sort is
    the code (`item_not_found`, `invalid_quantity` …).
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
        sort = ENTRY_PROBLEMS.get(self.code)
        return sort.title if sort else title_of(type(self))


class Sort(NamedTuple):
    """One sort of problem that an entry can have: what it says, and what to do."""

    title: str
    remedy: str


ENTRY_PROBLEMS: Mapping[str, Sort] = {
    code_of(ItemNotFound): Sort(title_of(ItemNotFound), remedy_of(ItemNotFound)),
    code_of(LocationNotFound): Sort(title_of(LocationNotFound), remedy_of(LocationNotFound)),
    "pack_not_found": Sort(
        "The item has no such pack",
        "Use the name of one of the item's `packs`, or leave `pack` out to count in its unit.",
    ),
    "unknown_kind": Sort(
        "There is no such kind of entry",
        "Use a kind that exists: receipt, issue, return, adjustment, transfer, count.",
    ),
    "reason_required": Sort(
        "This kind of entry needs a reason",
        "Say why: an adjustment needs a reason, and so does what the tenant's settings name in `reason_required`.",
    ),
    "reason_unknown": Sort(
        "The tenant has no such reason for adjustments",
        "Use one of the tenant's `adjustment_reasons`; the message names them.",
    ),
    "invalid_quantity": Sort(
        "The quantity cannot be used",
        'Send a decimal as text, such as "12" or "-2.5". What comes in or goes out is above zero, an adjustment is not'
        " zero, a count is not below zero.",
    ),
    "too_many_decimals": Sort(
        "The quantity has more decimals than the item's scale",
        "Use no more decimals than the item's `scale`. Nothing is ever rounded.",
    ),
    "quantity_out_of_range": Sort(
        "The quantity or the level would be too large", "Quantities and levels stay below 10^15."
    ),
    "same_location": Sort("Source and target are the same location", "A transfer has two locations."),
    "too_many_lines": Sort("An entry has 1 to 1,000 lines", "Send 1 to 1,000 lines an entry."),
    "field_missing": Sort(
        "A line lacks a field that this kind of entry needs",
        "Add the field: a transfer's line has `source` and `target`, all others have `location`.",
    ),
    "field_not_allowed": Sort(
        "A line has a field that this kind of entry does not take",
        "Leave the field out: this kind of entry does not take it.",
    ),
    "occurred_at_out_of_range": Sort(
        "The time lies outside the window that the tenant allows",
        "Send a time inside the window of the tenant's settings: `occurred_at_back_days`, `occurred_at_ahead_minutes`.",
    ),
}
"""The sorts of problems that an entry's lines can have."""


class StaleQuantity(Refusal):
    """The stock is not what you expected.

    The level is not what `expected` said. Read it, decide again, send with a new key.
    """

    def __init__(self, errors: Sequence[Problem], **facts: Fact) -> None:
        super().__init__(
            "The level has changed since you read it. The current value is in the answer.", errors=errors, **facts
        )


class InsufficientStock(Refusal):
    """There is not enough stock to take.

    Take no more than `available`, or receive first. With the scope `stock:force`, `force` takes it anyway, on the
    record.
    """

    def __init__(self, errors: Sequence[Problem], **facts: Fact) -> None:
        super().__init__(errors[0].message, errors=errors, **facts)


class EntryPredatesCount(Refusal):
    """A count or a reversal is older than a count of the same stock.

    Leave `occurred_at` out, or count again. Every other entry may be older than a count: the count contains it, and
    stands.
    """

    def __init__(self, errors: Sequence[Problem], counted_at: datetime) -> None:
        super().__init__(
            "The stock was counted after occurred_at, and what was counted stands.",
            errors=errors,
            counted_at=counted_at.isoformat().replace("+00:00", "Z"),
        )


class CountIsBackdated(Refusal):
    """Stock moved after this count was taken.

    Stock moved after the count was taken. Count again.
    """

    def __init__(self, errors: Sequence[Problem], moved_at: datetime) -> None:
        super().__init__(
            "A count has to be the newest thing that happened to its stock. Count again.",
            errors=errors,
            moved_at=moved_at.isoformat().replace("+00:00", "Z"),
        )


class EntryNotFound(Refusal):
    """There is no such entry.

    Check the id.
    """

    def __init__(self, entry: str) -> None:
        super().__init__(f"No entry has the id {entry!r}.", entry=entry)


class MovementNotFound(Refusal):
    """There is no such movement.

    Check the id.
    """

    def __init__(self, movement: str) -> None:
        super().__init__(f"No movement has the id {movement!r}.", movement=movement)


class EntryAlreadyReversed(Refusal):
    """The entry was reversed before.

    `reversed_by` is the reversal. Reverse that to undo it.
    """

    def __init__(self, entry: str, reversed_by: str) -> None:
        super().__init__(
            "An entry is reversed once. Reverse the reversal to undo it.", entry=entry, reversed_by=reversed_by
        )
