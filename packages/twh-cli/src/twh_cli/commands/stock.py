"""`twh stock`: how much there is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from twh_cli import options as o
from twh_cli import output, readings
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("item", "item.sku"),
    Column("location", "location.code"),
    Column("on hand", "on_hand", right=True),
    Column("reserved", "reserved", right=True),
    Column("available", "available", right=True),
    Column("version", "version", right=True, minor=True),
    Column("updated", "updated_at", minor=True),
)


@app.command("list")
def list_stock(
    item: o.OfItem = None,
    location: o.AtLocation = None,
    low: Annotated[bool, typer.Option("--low", help="Only what is at or below its reorder point.")] = False,
    changed_since: Annotated[
        datetime | None,
        typer.Option("--changed-since", metavar="TIME", parser=readings.moment, help="Changed since: a time, or 3h."),
    ] = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    most = o.limited(limit, everything)
    levels = session().client.stock.list(
        item=item,
        location=location,
        below_reorder_point=True if low else None,
        changed_since=changed_since,
        page_size=output.page_size(most),
    )
    output.show_list(levels, COLUMNS, limit=most, what="stock like this")


@app.command("get")
def get(item: o.Item, location: o.Location) -> None:
    """Zeros, where nothing ever moved."""
    output.show(session().client.stock.get(item, at=location), COLUMNS)
