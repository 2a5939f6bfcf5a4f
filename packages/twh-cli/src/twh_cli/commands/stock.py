"""`twh stock`: how much there is, and how much there was."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

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
TOTALS = (
    Column("item", "item.sku"),
    Column("on hand", "on_hand", right=True),
    Column("reserved", "reserved", right=True),
    Column("available", "available", right=True),
    Column("sellable", "sellable", right=True),
    Column("locations", "locations", right=True, minor=True),
)
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", metavar="TIME", parser=readings.moment, help="As it was: a time, or 3h for ago."),
]
ByClock = Annotated[
    Literal["recorded", "occurred"] | None,
    typer.Option(
        "--clock", help="With --as-of: what had been recorded then, or had occurred as far as is known today."
    ),
]


@app.command("list")
def list_stock(
    item: o.OfItem = None,
    location: o.AtLocation = None,
    within: Annotated[bool, typer.Option("--within", help="Also what lies within the location.")] = False,
    low: Annotated[bool, typer.Option("--low", help="Only what is at or below its reorder point.")] = False,
    changed_since: o.ChangedSince = None,
    as_of: AsOf = None,
    clock: ByClock = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    most = o.limited(limit, everything)
    levels = session().client.stock.list(
        item=item,
        location=location,
        within=True if within else None,
        below_reorder_point=True if low else None,
        changed_since=changed_since,
        as_of=as_of,
        clock=clock,
        page_size=output.page_size(most),
    )
    output.show_list(levels, COLUMNS, limit=most, what="stock like this")


@app.command("get")
def get(item: o.Item, location: o.Location, as_of: AsOf = None, clock: ByClock = None) -> None:
    """Zeros, where nothing ever moved, or had moved by then."""
    level = session().client.stock.get(item, at=location, as_of=as_of, clock=clock)
    output.show(level, COLUMNS)


@app.command("totals")
def totals(
    item: o.OfItem = None,
    location: Annotated[
        str | None, typer.Option("--location", "--at", help="Only there, and in what lies within it.")
    ] = None,
    low: Annotated[bool, typer.Option("--low", help="Only what is, in total, at or below its reorder point.")] = False,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    """Summed up over all locations, or over one and all that lies within it."""
    most = o.limited(limit, everything)
    sums = session().client.stock.totals(
        item=item, location=location, below_reorder_point=True if low else None, page_size=output.page_size(most)
    )
    output.show_list(sums, TOTALS, limit=most, what="stock like this")
