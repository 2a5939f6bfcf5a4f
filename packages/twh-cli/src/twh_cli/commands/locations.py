"""`twh locations`: where stock is."""

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
    Column("code", "code"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("id", "id", minor=True),
)
CARD = (
    *COLUMNS,
    Column("archived", "archived_at"),
    Column("created", "created_at"),
    Column("updated", "updated_at"),
    Column("version", "version"),
    Column("etag", "etag"),
)

Kind = Annotated[str | None, typer.Option("--kind", help="warehouse, store, bin, transit or quarantine.")]


@app.command("list")
def list_locations(
    kind: Kind = None, archived: o.Archived = False, limit: o.Limit = o.LIMIT, everything: o.All = False
) -> None:
    most = o.limited(limit, everything)
    locations = session().client.locations.list(kind=kind, archived=archived or None, page_size=output.page_size(most))
    output.show_list(locations, COLUMNS, limit=most, what="locations")


@app.command("get")
def get(location: o.Location) -> None:
    output.show(session().client.locations.get(location), CARD)


@app.command("create")
def create(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Taken for ever, once used.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    kind: Kind = None,
) -> None:
    """For example: twh locations create SHOP --name "The shop in Main Street" --kind store"""
    location = session().client.locations.create(code=code, name=name, kind=o.told(kind), options=session().options)
    session().say(f"Created {location.code}.", "green")
    output.show(location, CARD)


@app.command("update")
def update(
    location: o.Location,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    kind: Kind = None,
    if_match: o.IfMatch = None,
) -> None:
    """What is left out stays."""
    changed = session().client.locations.update(
        location, name=o.told(name), kind=o.told(kind), if_match=if_match, options=session().options
    )
    session().say(f"Changed {changed.code}: version {changed.version}.", "green")
    output.show(changed, CARD)


@app.command("archive")
def archive(location: o.Location, if_match: o.IfMatch = None) -> None:
    """It stays in the ledger and keeps its code, but nothing moves there any more. There is no way back."""
    session().confirm(f"Archive {location} for good?")
    archived = session().client.locations.archive(location, if_match=if_match, options=session().options)
    session().say(f"Archived {archived.code}.", "green")
    output.show(archived, CARD)
