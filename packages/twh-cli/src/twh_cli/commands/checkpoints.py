"""`twh checkpoints`: where the consumers of the feed stand, kept by the server under their names."""

from __future__ import annotations

from typing import Annotated

import typer

from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("name", "name"),
    Column("at event", "sequence", right=True),
    Column("behind", "lag", right=True),
    Column("newest", "head", right=True, minor=True),
    Column("moved", "updated_at"),
)
CARD = (*COLUMNS, Column("version", "version"), Column("etag", "etag"))

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the consumer is called.")]


@app.command("list")
def list_checkpoints(limit: o.Limit = o.LIMIT, everything: o.All = False) -> None:
    """By name, each with how many events it is behind."""
    most = o.limited(limit, everything)
    places = session().client.checkpoints.list(page_size=output.page_size(most))
    output.show_list(places, COLUMNS, limit=most, what="checkpoints")


@app.command("get")
def get(name: Name) -> None:
    output.show(session().client.checkpoints.get(name), CARD)


@app.command("set")
def set_(
    name: Name,
    sequence: Annotated[
        int, typer.Argument(metavar="SEQUENCE", min=0, help="Everything up to this event was handled.")
    ],
    reset: Annotated[bool, typer.Option("--reset", help="Go back, too: what lies in between is read again.")] = False,
    if_match: o.IfMatch = None,
) -> None:
    """Made, or moved forward. To have everything read again: twh checkpoints set NAME 0 --reset"""
    place = session().client.checkpoints.set(name, sequence=sequence, reset=reset, if_match=if_match)
    session().say(f"{name} stands at {place.sequence}, {place.lag} behind the newest event.", "green")
    output.show(place, CARD)


@app.command("delete")
def delete(name: Name) -> None:
    """A consumer that asks for it begins with the oldest event that there is."""
    session().confirm(f"Forget where {name} stands?")
    session().client.checkpoints.delete(name)
    session().say(f"Forgot where {name} stood.", "green")
