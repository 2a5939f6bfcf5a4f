"""The body of an entry: its kind, its lines, and what is said about it. It is the same alone and within a batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from twh.params import (
    Expected,
    ItemArg,
    Line,
    LocationArg,
    NewEntry,
    ReferenceArg,
    TransferLine,
    written_lines,
    written_reference,
)
from twh.wire import NOT_GIVEN, NotGiven, Quantity, given, instant_or_not

Lines = Iterable[Line | TransferLine]


def entry_body(
    kind: str,
    lines: Lines,
    reason: str | NotGiven,
    reference: ReferenceArg | NotGiven,
    occurred_at: datetime | str | NotGiven,
    *,
    force: bool = False,
    record_unchanged: bool = False,
) -> dict[str, object]:
    body = given(
        kind=kind,
        reason=reason,
        reference=written_reference(reference),
        occurred_at=instant_or_not(occurred_at),
    )
    if force:
        body["force"] = True
    if record_unchanged:
        body["record_unchanged"] = True
    return {**body, "lines": written_lines(lines)}


def written_entry(entry: NewEntry) -> dict[str, object]:
    """An entry of a batch for the wire; what the SDK does not know in it is left to the server's judgement."""
    body = entry_body(
        entry["kind"],
        entry["lines"],
        entry.get("reason", NOT_GIVEN),
        entry.get("reference", NOT_GIVEN),
        entry.get("occurred_at", NOT_GIVEN),
        force=entry.get("force", False),
        record_unchanged=entry.get("record_unchanged", False),
    )
    return {**body, **{name: value for name, value in entry.items() if name not in NewEntry.__annotations__}}


def keyed_row(entry: NewEntry, key: str) -> dict[str, object]:
    """A row of a batch: an entry, and its own key or else this one."""
    return {"idempotency_key": entry.get("idempotency_key", key), "entry": written_entry(entry)}


def one_or_many(
    item: ItemArg | None,
    location: LocationArg | None,
    quantity: Quantity | None,
    pack: str | None,
    expected: Expected | None,
    lines: Iterable[Line] | None,
) -> Iterable[Line]:
    """The one line of a convenience verb, or its many."""
    if lines is not None:
        alone(item, location, quantity, pack, expected)
        return lines
    if item is None or location is None or quantity is None:
        raise TypeError("give item=, location= and quantity=, or lines=[…]")
    line: Line = {"item": item, "location": location, "quantity": quantity}
    if pack is not None:
        line["pack"] = pack
    if expected is not None:
        line["expected"] = expected
    return [line]


def one_or_many_transfers(
    item: ItemArg | None,
    source: LocationArg | None,
    target: LocationArg | None,
    quantity: Quantity | None,
    pack: str | None,
    expected: Expected | None,
    lines: Iterable[TransferLine] | None,
) -> Iterable[TransferLine]:
    if lines is not None:
        alone(item, source, target, quantity, pack, expected)
        return lines
    if item is None or source is None or target is None or quantity is None:
        raise TypeError("give item=, source=, target= and quantity=, or lines=[…]")
    line: TransferLine = {"item": item, "source": source, "target": target, "quantity": quantity}
    if pack is not None:
        line["pack"] = pack
    if expected is not None:
        line["expected"] = expected
    return [line]


def alone(*single: object) -> None:
    if any(one is not None for one in single):
        raise TypeError("lines=[…] says everything: leave out item=, quantity= and the like")
