"""The verbs people use: each records one entry of one line, whole or not at all. Many lines: `twh movements record`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeVar

import typer

from twh import NOT_GIVEN, NotGiven, Raw
from twh.models import Entry as RecordedEntry
from twh.params import Expected as ExpectedLevel
from twh.params import ReferenceParts
from twh_cli import options as o
from twh_cli import output, readings
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

EntryT = TypeVar("EntryT", RecordedEntry, RecordedEntry | None)

MOVED = (
    Column("item", "item.sku"),
    Column("location", "location.code"),
    Column("quantity", "quantity", right=True),
    Column("on hand", "on_hand_after", right=True),
    Column("movement", "id", minor=True),
)
SAID = {
    "receipt": "Received",
    "issue": "Issued",
    "return": "Returned",
    "adjustment": "Adjusted",
    "transfer": "Transferred",
    "count": "Counted",
    "reversal": "Reversed",
}


@app.command("receive")
def receive(
    item: o.Item,
    quantity: o.Quantity,
    at: o.At,
    reference: o.Reference = None,
    reason: o.Reason = None,
    pack: o.Pack = None,
    expected: o.Expected = None,
    occurred_at: o.OccurredAt = None,
) -> None:
    """For example: twh receive TSHIRT-M 12 --at MAIN --reference PO-77"""
    recorded = session().client.with_raw.movements.receive(
        item=item,
        location=at,
        quantity=quantity,
        pack=pack,
        expected=level(expected),
        reason=o.told(reason),
        reference=reference_or_not(reference),
        occurred_at=o.told(occurred_at),
        options=session().options,
    )
    tell(recorded)


@app.command("issue")
def issue(
    item: o.Item,
    quantity: o.Quantity,
    at: o.At,
    reference: o.Reference = None,
    reason: o.Reason = None,
    pack: o.Pack = None,
    expected: o.Expected = None,
    occurred_at: o.OccurredAt = None,
    force: o.Force = False,
) -> None:
    """For example: twh issue TSHIRT-M 2 --at MAIN --reference order:1001"""
    recorded = session().client.with_raw.movements.issue(
        item=item,
        location=at,
        quantity=quantity,
        pack=pack,
        expected=level(expected),
        reason=o.told(reason),
        reference=reference_or_not(reference),
        occurred_at=o.told(occurred_at),
        force=force,
        options=session().options,
    )
    tell(recorded)


@app.command("return")
def return_(
    item: o.Item,
    quantity: o.Quantity,
    at: o.At,
    reference: o.Reference = None,
    reason: o.Reason = None,
    pack: o.Pack = None,
    expected: o.Expected = None,
    occurred_at: o.OccurredAt = None,
) -> None:
    """For example: twh return TSHIRT-M 1 --at RETURNS --reference rma:RA-19"""
    recorded = session().client.with_raw.movements.return_(
        item=item,
        location=at,
        quantity=quantity,
        pack=pack,
        expected=level(expected),
        reason=o.told(reason),
        reference=reference_or_not(reference),
        occurred_at=o.told(occurred_at),
        options=session().options,
    )
    tell(recorded)


@app.command("adjust")
def adjust(
    item: o.Item,
    quantity: o.Quantity,
    at: o.At,
    reason: Annotated[str, typer.Option("--reason", help="Why: damaged, found, shrinkage …")],
    reference: o.Reference = None,
    pack: o.Pack = None,
    expected: o.Expected = None,
    occurred_at: o.OccurredAt = None,
    force: o.Force = False,
) -> None:
    """More is a positive quantity, less a negative one: twh adjust TSHIRT-M -2 --at MAIN --reason damaged"""
    recorded = session().client.with_raw.movements.adjust(
        item=item,
        location=at,
        quantity=quantity,
        pack=pack,
        expected=level(expected),
        reason=reason,
        reference=reference_or_not(reference),
        occurred_at=o.told(occurred_at),
        force=force,
        options=session().options,
    )
    tell(recorded)


@app.command("transfer")
def transfer(
    item: o.Item,
    quantity: o.Quantity,
    source: Annotated[str, typer.Option("--from", metavar="LOCATION", help="Where it is: code or id.")],
    target: Annotated[str, typer.Option("--to", metavar="LOCATION", help="Where it goes: code or id.")],
    reference: o.Reference = None,
    reason: o.Reason = None,
    pack: o.Pack = None,
    expected: o.Expected = None,
    occurred_at: o.OccurredAt = None,
    force: o.Force = False,
) -> None:
    """For example: twh transfer TSHIRT-M 3 --from MAIN --to SHOP; --expected is about the source."""
    recorded = session().client.with_raw.movements.transfer(
        item=item,
        source=source,
        target=target,
        quantity=quantity,
        pack=pack,
        expected=level(expected),
        reason=o.told(reason),
        reference=reference_or_not(reference),
        occurred_at=o.told(occurred_at),
        force=force,
        options=session().options,
    )
    tell(recorded)


@app.command("count")
def count(
    item: o.Item,
    quantity: o.Quantity,
    at: o.At,
    reference: o.Reference = None,
    reason: o.Reason = None,
    pack: o.Pack = None,
    expected: o.Expected = None,
    occurred_at: o.OccurredAt = None,
    record_unchanged: Annotated[
        bool, typer.Option("--record-unchanged", help="Record the count even if it finds what the ledger says.")
    ] = False,
) -> None:
    """The quantity is what is there: twh count TSHIRT-M 9 --at MAIN"""
    recorded = session().client.with_raw.movements.count(
        item=item,
        location=at,
        quantity=quantity,
        pack=pack,
        expected=level(expected),
        reason=o.told(reason),
        reference=reference_or_not(reference),
        occurred_at=o.told(occurred_at),
        record_unchanged=record_unchanged,
        options=session().options,
    )
    tell(recorded)


@app.command("reverse")
def reverse(entry: o.Entry, reason: o.Reason = None, occurred_at: o.OccurredAt = None, force: o.Force = False) -> None:
    """History is never edited: a mistake is answered by its mirror image."""
    recorded = session().client.with_raw.entries.reverse(
        entry, reason=o.told(reason), occurred_at=o.told(occurred_at), force=force, options=session().options
    )
    tell(recorded)


def level(on_hand: Decimal | None) -> ExpectedLevel | None:
    return None if on_hand is None else {"on_hand": on_hand}


def reference_or_not(text: str | None) -> ReferenceParts | NotGiven:
    return NOT_GIVEN if text is None else readings.reference(text)


def tell(recorded: Raw[EntryT]) -> None:
    """What was recorded: the entry for programs, its movements for people."""
    entry = recorded.value
    if entry is None:
        session().say("The count found what the ledger says: nothing was recorded.", "dim")
        output.show_nothing()
        return
    again = recorded.headers.get("idempotent-replayed") == "true"
    what = SAID.get(entry.kind, "Recorded")
    session().say(
        f"This key was used before: nothing new was recorded. It was {entry.id}."
        if again
        else f"{what}: entry {entry.id}, number {entry.sequence} in the ledger.",
        "dim" if again else "green",
    )
    output.show(entry, MOVED, rows=entry.movements)
