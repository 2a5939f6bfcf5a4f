"""`twh movements`: how stock changed, line by line; and recording a file of entries."""

from __future__ import annotations

from typing import Annotated

import typer

from twh_cli import options as o
from twh_cli import output, recording
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("number", "sequence", right=True),
    Column("kind", "kind"),
    Column("item", "item.sku"),
    Column("location", "location.code"),
    Column("quantity", "quantity", right=True),
    Column("on hand", "on_hand_after", right=True),
    Column("occurred", "occurred_at", minor=True),
    Column("reference", "reference.id", minor=True),
    Column("reason", "reason", minor=True),
    Column("entry", "entry", minor=True),
    Column("movement", "id", minor=True),
)


@app.command("list")
def list_movements(
    item: o.OfItem = None,
    location: o.AtLocation = None,
    kind: o.Kind = None,
    reason: o.OfReason = None,
    reference: o.OfReference = None,
    entry: Annotated[str | None, typer.Option("--entry", help="Only of this entry.")] = None,
    since: o.Since = None,
    until: o.Until = None,
    occurred_from: o.OccurredFrom = None,
    occurred_until: o.OccurredUntil = None,
    after: Annotated[int | None, typer.Option("--after", min=0, help="Only after this number in the ledger.")] = None,
    oldest_first: o.OldestFirst = False,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    most = o.limited(limit, everything)
    movements = session().client.movements.list(
        item=item,
        location=location,
        kind=kind,
        reason=reason,
        reference=reference,
        entry=entry,
        recorded_from=since,
        recorded_until=until,
        occurred_from=occurred_from,
        occurred_until=occurred_until,
        after_sequence=after,
        order="asc" if oldest_first else None,
        page_size=output.page_size(most),
    )
    output.show_list(movements, COLUMNS, limit=most, what="movements like this")


@app.command("get")
def get(movement: Annotated[str, typer.Argument(metavar="MOVEMENT", help="Id: mov_…")]) -> None:
    output.show(session().client.movements.get(movement), COLUMNS)


@app.command("record")
def record(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines; - is stdin.")],
    refused: Annotated[
        str | None, typer.Option("--refused", metavar="FILE", help="Put aside here what is not recorded, to be mended.")
    ] = None,
) -> None:
    """Each line is one entry, as POST /v1/movements takes it:

    {"kind": "receipt", "reference": "PO-77", "lines": [{"item": "TSHIRT-M", "location": "MAIN", "quantity": "12"}]}

    They are sent in batches, and each is recorded or refused by itself. Run it again whenever you like: an entry has its
    "idempotency_key", or else a key that follows from the file's name (or --idempotency-key) and from what the line says.
    What is recorded already is not recorded twice, though lines were moved, mended or added.
    """
    recording.record_file(file, refused)
