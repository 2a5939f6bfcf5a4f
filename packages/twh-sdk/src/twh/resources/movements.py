"""Movements: the one way in which stock changes. Each verb records one entry, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any, Literal, overload

from twh import models
from twh.bulk import BATCH_ROWS, drive, drive_awaited, no_raw_answer
from twh.call import Awaited, Call, Direct, DriverT_co, Resource, endpoint
from twh.entry import entry_body, one_or_many, one_or_many_transfers
from twh.entry_bulk import Recorded, batch_call, keyed_rows, recording, run_of
from twh.options import Options
from twh.pages import Page, listing
from twh.params import (
    AnId,
    Expected,
    ItemArg,
    Line,
    LocationArg,
    NewEntry,
    ReferenceArg,
    TransferLine,
    named,
    named_or_none,
)
from twh.wire import NOT_GIVEN, NotGiven, Quantity, query, segment

RecordedKind = Literal["receipt", "issue", "return", "adjustment", "transfer"]


class Movements(Resource[DriverT_co]):
    """The verbs take one line as `item=, location=, quantity=` or many as `lines=[…]`; `pack="case"` counts in packs."""

    @endpoint
    def record(
        self,
        *,
        kind: RecordedKind,
        lines: Iterable[Line | TransferLine],
        reason: str | NotGiven = NOT_GIVEN,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        force: bool = False,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Record an entry of any kind but a count, which may record nothing: `count` is for that."""
        if kind not in {"receipt", "issue", "return", "adjustment", "transfer"}:
            raise ValueError(f"record() takes no kind {kind!r}; a count is recorded by movements.count(…)")
        return recorded(entry_body(kind, lines, reason, reference, occurred_at, force=force), options)

    @endpoint
    def receive(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        quantity: Quantity | None = None,
        pack: str | None = None,
        expected: Expected | None = None,
        lines: Iterable[Line] | None = None,
        reason: str | NotGiven = NOT_GIVEN,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Goods came in."""
        moved = one_or_many(item, location, quantity, pack, expected, lines)
        return recorded(entry_body("receipt", moved, reason, reference, occurred_at), options)

    @endpoint
    def issue(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        quantity: Quantity | None = None,
        pack: str | None = None,
        expected: Expected | None = None,
        lines: Iterable[Line] | None = None,
        reason: str | NotGiven = NOT_GIVEN,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        force: bool = False,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Goods went out. Refused when not enough is available, unless `force` and a key that may."""
        moved = one_or_many(item, location, quantity, pack, expected, lines)
        return recorded(entry_body("issue", moved, reason, reference, occurred_at, force=force), options)

    @endpoint
    def return_(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        quantity: Quantity | None = None,
        pack: str | None = None,
        expected: Expected | None = None,
        lines: Iterable[Line] | None = None,
        reason: str | NotGiven = NOT_GIVEN,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Goods came back."""
        moved = one_or_many(item, location, quantity, pack, expected, lines)
        return recorded(entry_body("return", moved, reason, reference, occurred_at), options)

    @endpoint
    def adjust(
        self,
        *,
        reason: str,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        quantity: Quantity | None = None,
        pack: str | None = None,
        expected: Expected | None = None,
        lines: Iterable[Line] | None = None,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        force: bool = False,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Stock is more (`quantity` above zero) or less (below) than the ledger says, for this reason."""
        moved = one_or_many(item, location, quantity, pack, expected, lines)
        return recorded(entry_body("adjustment", moved, reason, reference, occurred_at, force=force), options)

    @endpoint
    def transfer(
        self,
        *,
        item: ItemArg | None = None,
        source: LocationArg | None = None,
        target: LocationArg | None = None,
        quantity: Quantity | None = None,
        pack: str | None = None,
        expected: Expected | None = None,
        lines: Iterable[TransferLine] | None = None,
        reason: str | NotGiven = NOT_GIVEN,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        force: bool = False,
        options: Options | None = None,
    ) -> Call[models.Entry]:
        """Goods moved from source to target, in one step; `expected` is about the source."""
        moved = one_or_many_transfers(item, source, target, quantity, pack, expected, lines)
        return recorded(entry_body("transfer", moved, reason, reference, occurred_at, force=force), options)

    @endpoint
    def count(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        quantity: Quantity | None = None,
        pack: str | None = None,
        expected: Expected | None = None,
        lines: Iterable[Line] | None = None,
        reason: str | NotGiven = NOT_GIVEN,
        reference: ReferenceArg | NotGiven = NOT_GIVEN,
        occurred_at: datetime | str | NotGiven = NOT_GIVEN,
        record_unchanged: bool = False,
        options: Options | None = None,
    ) -> Call[models.Entry | None]:
        """Stock was counted: `quantity` is what is there. None when the count found what the ledger says."""
        moved = one_or_many(item, location, quantity, pack, expected, lines)
        body = entry_body("count", moved, reason, reference, occurred_at, record_unchanged=record_unchanged)
        return Call(method="POST", path="/v1/movements", returns=models.Entry, body=body, options=options)

    @endpoint
    def batch(self, entries: Iterable[NewEntry], *, options: Options | None = None) -> Call[models.EntryResults]:
        """Record up to 1,000 entries, each independently: `.results` tells what became of each.

        A refused entry raises nothing: its row has an `.error`. An entry has an `idempotency_key`, or else the key in
        `options` and its number (`run-1`, `run-2` …); with it, it can be sent again alone or in another batch. When the
        answer is lost, `OutcomeUnknown` carries the key of the run. For more than 1,000 there is `record_many`.
        """
        run = run_of(options)
        return batch_call([*keyed_rows(entries, run)], run)

    @overload
    def record_many(
        self: Movements[Direct],
        entries: Iterable[NewEntry],
        *,
        batch_size: int = ...,
        each: Callable[[models.EntryResults], object] | None = ...,
        options: Options | None = ...,
    ) -> Recorded: ...
    @overload
    def record_many(
        self: Movements[Awaited],
        entries: Iterable[NewEntry],
        *,
        batch_size: int = ...,
        each: Callable[[models.EntryResults], object] | None = ...,
        options: Options | None = ...,
    ) -> Coroutine[Any, Any, Recorded]: ...
    def record_many(
        self,
        entries: Iterable[NewEntry],
        *,
        batch_size: int = BATCH_ROWS,
        each: Callable[[models.EntryResults], object] | None = None,
        options: Options | None = None,
    ) -> Recorded | Coroutine[Any, Any, Recorded]:
        """Record any number of entries, batch after batch, in their order; answers how many came to what.

        Entries are taken from the iterable as they are sent, so memory stays small. `each` is called with the answer of
        every batch. An entry without an `idempotency_key` gets the key in `options` and its number (`run-1`, `run-2` …):
        a run that was interrupted can be run again with the same key and the same entries, and records nothing twice.
        """
        flow = recording(entries, batch_size, each, options)
        driver = self.driver
        if isinstance(driver, Direct):
            return drive(driver, flow, "movements.record_many")
        if isinstance(driver, Awaited):
            return drive_awaited(driver, flow, "movements.record_many")
        raise no_raw_answer("record_many")

    @endpoint
    def get(self, movement: str | AnId, *, options: Options | None = None) -> Call[models.MovementRow]:
        """One movement, with the entry it belongs to."""
        path = f"/v1/movements/{segment(named(movement))}"
        return Call(method="GET", path=path, returns=models.MovementRow, options=options)

    @listing
    def list(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        kind: str | None = None,
        reason: str | None = None,
        reference: str | None = None,
        entry: str | AnId | None = None,
        occurred_from: datetime | str | None = None,
        occurred_until: datetime | str | None = None,
        recorded_from: datetime | str | None = None,
        recorded_until: datetime | str | None = None,
        after_sequence: int | None = None,
        order: Literal["asc", "desc"] | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.MovementRow]]:
        """Movements by filter, the newest first unless `order="asc"`."""
        filters = query(
            item=named_or_none(item),
            location=named_or_none(location),
            kind=kind,
            reason=reason,
            reference=reference,
            entry=named_or_none(entry),
            occurred_from=occurred_from,
            occurred_until=occurred_until,
            recorded_from=recorded_from,
            recorded_until=recorded_until,
            after_sequence=after_sequence,
            order=order,
            limit=page_size,
        )
        return Call(
            method="GET", path="/v1/movements", returns=Page[models.MovementRow], query=filters, options=options
        )


def recorded(body: dict[str, object], options: Options | None) -> Call[models.Entry]:
    return Call(method="POST", path="/v1/movements", returns=models.Entry, body=body, options=options)
